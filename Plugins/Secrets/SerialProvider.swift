import OpsPlugin

/// A provider that reads what references name one after the other.
protocol SerialProvider: ProbingProvider {
    func value(of reference: SecretReference, _ context: SecretContext) async throws(SecretFailure) -> [UInt8]
}

extension SerialProvider {
    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        var results: [Result<[UInt8], SecretFailure>] = []
        for reference in references {
            do throws(SecretFailure) {
                results.append(.success(try await value(of: reference, context)))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }
}
