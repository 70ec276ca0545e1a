import Glibc

/// Waits until something holds; false where it does not within a minute, which only what is broken takes.
package func waitUntil(_ holds: () throws -> Bool) throws -> Bool {
    for _ in 0..<rounds {
        if try holds() { return true }
        usleep(5_000)
    }
    return try holds()
}

/// The same without blocking the thread.
package func eventually(
    isolation: isolated (any Actor)? = #isolation, _ holds: () async throws -> Bool
) async throws -> Bool {
    for _ in 0..<rounds {
        if try await holds() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return try await holds()
}

private let rounds = 12_000
