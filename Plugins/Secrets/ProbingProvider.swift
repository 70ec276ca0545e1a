import OpsPlugin

/// A provider that tells by an error why a secret could not be fetched.
protocol ProbingProvider: SecretProvider {
    /// What `probe` gives, or its failure.
    func probed(_ reference: SecretReference, _ context: SecretContext) async throws(SecretFailure) -> SecretProbe
}

extension ProbingProvider {
    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        do throws(SecretFailure) {
            return .success(try await probed(reference, context))
        } catch {
            return .failure(error)
        }
    }
}
