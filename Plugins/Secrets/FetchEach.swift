import OpsPlugin

extension SecretProvider {
    /// The values of references that are fetched one by one, four at a time, in the order of the references.
    func fetchEach(
        _ references: [SecretReference],
        _ fetch: @escaping @Sendable (SecretReference) async throws(SecretFailure) -> [UInt8]
    ) async -> [Result<[UInt8], SecretFailure>] {
        let unanswered = SecretFailure(.unreachable, "the request was cancelled")
        var results = [Result<[UInt8], SecretFailure>](repeating: .failure(unanswered), count: references.count)
        await withTaskGroup(of: (Int, Result<[UInt8], SecretFailure>).self) { group in
            for (index, reference) in references.enumerated() {
                // Few at a time, so that a rate limit is not the first thing met.
                if index >= 4, let (done, result) = await group.next() { results[done] = result }
                group.addTask {
                    do throws(SecretFailure) {
                        return (index, .success(try await fetch(reference)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            for await (done, result) in group { results[done] = result }
        }
        return results
    }
}
