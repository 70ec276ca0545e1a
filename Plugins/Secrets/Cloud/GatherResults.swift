import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// Asks for each of several things, few at a time, so that a rate limit is not the first thing met.
///
/// - Parameters:
///   - limit: of each single one.
///   - body: gives the answer for one.
func gatherResults<Key: Hashable & Sendable, Success: Sendable>(
    _ keys: some Collection<Key>, limit: Duration = .seconds(120),
    _ body: @escaping @Sendable (Key) async throws(SecretFailure) -> Success
) async -> [Key: Result<Success, SecretFailure>] {
    @Sendable func result(_ key: Key) async -> Result<Success, SecretFailure> {
        do {
            let late = OpsError(.timeout, "no answer within \(limit.text)")
            return .success(try await withDeadline(limit, late) { try await body(key) })
        } catch {
            return .failure(SecretRequests.failure(of: error))
        }
    }
    return await withTaskGroup(of: (Key, Result<Success, SecretFailure>).self) { group in
        var results: [Key: Result<Success, SecretFailure>] = [:]
        for (index, key) in keys.enumerated() {
            if index >= 4, let (key, result) = await group.next() { results[key] = result }
            group.addTask { (key, await result(key)) }
        }
        for await (key, result) in group { results[key] = result }
        return results
    }
}
