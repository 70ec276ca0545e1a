package import OpsCore

/// Runs the body, cancelling it when the time is over.
///
/// Throws: the given error when the time is over, else what the body throws.
package func withDeadline<Success: Sendable>(
    _ limit: Duration, _ error: OpsError, _ body: @escaping @Sendable () async throws -> Success
) async throws -> Success {
    try await withThrowingTaskGroup(of: Success.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw error
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
