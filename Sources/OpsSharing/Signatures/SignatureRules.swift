package import OpsCore
package import OpsRecipe
package import OpsRegistry
package import OpsSSH

/// What signatures must be there, and whose count.
package struct SignatureRules: Sendable {
    package var mode: SignatureMode
    /// The keys that are known; nil where nobody named any.
    package var signers: AllowedSigners?
    /// Why a known signer's signature does not count (a policy's `signers`); nil where it does.
    package var refusal: @Sendable (String) -> OpsError?

    package init(
        mode: SignatureMode, signers: AllowedSigners? = nil,
        refusal: @escaping @Sendable (String) -> OpsError? = { _ in nil }
    ) {
        self.mode = mode
        self.signers = signers
        self.refusal = refusal
    }
}

/// What was found of the signatures of something.
package struct SignatureFinding: Sendable, Hashable {
    /// Who signed it, as `allowed_signers` names them; nil where no signature counts or nobody looked.
    package var signer: String?
    /// The signer's key: `SHA256:…`.
    package var fingerprint: String?
    /// Why no signature counts, where that is to be told and no error.
    package var warning: String?

    package init(signer: String? = nil, fingerprint: String? = nil, warning: String? = nil) {
        self.signer = signer
        self.fingerprint = fingerprint
        self.warning = warning
    }
}

extension SignatureRules {
    /// Looks for a signature that counts. One is enough, whatever else is attached.
    ///
    /// - Parameters:
    ///   - subject: the digest of the manifest or index that was asked for: what the tag names, or a lock file.
    ///   - reference: its place, for messages.
    ///   - time: when signers must be valid, in seconds since 1970.
    /// Throws: an `OpsError` (`forbidden`) where the mode is `require` and none counts; another where the registry
    /// cannot be asked, unless the mode is `off`, which asks nothing.
    package func check(
        _ subject: Digest, of kind: ArtifactKind, at reference: ImageReference, client: RegistryClient,
        time: Int = Int(Timestamp.now)
    ) async throws -> SignatureFinding {
        guard mode != .off else { return SignatureFinding() }
        let store = SignatureStore(client: client, repository: reference.repository)
        let found = try await store.signatures(of: subject)
        var reasons: [String] = []
        for signature in found.good {
            do throws(OpsError) {
                try signature.verify(SignatureStore.message(subject), namespace: kind.namespace)
                guard let signers else {
                    throw OpsError(
                        .forbidden, "it is signed by the key \(signature.fingerprint), and no signers are known",
                        hint: Self.whereSigners)
                }
                let entry = try signers.signer(of: signature, at: time)
                if let refusal = refusal(of: entry) { throw refusal }
                return SignatureFinding(signer: entry.principals.text, fingerprint: signature.fingerprint)
            } catch {
                reasons.append(error.message)
            }
        }
        reasons += found.unreadable.map(\.message)
        let problem = "the \(kind.noun) oci://\(reference) (\(subject)) has no signature that counts"
        let reason = reasons.isEmpty ? "it is not signed" : reasons.joined(separator: "; ")
        guard mode == .require else { return SignatureFinding(warning: "\(problem): \(reason)") }
        throw OpsError(
            .forbidden, "\(problem): \(reason)",
            hint: signers == nil
                ? Self.whereSigners : "signatures are required, and \(signers?.name ?? "") names whose count")
    }

    /// One allowed name of the signer is enough.
    private func refusal(of entry: AllowedSigners.Entry) -> OpsError? {
        let refusals = entry.principals.text.split(separator: ",").map { refusal(String($0)) }
        return refusals.contains { $0 == nil } ? nil : refusals.first ?? nil
    }

    private static let whereSigners = "name whose signatures count in .ops/allowed_signers, or with --allowed-signers"
}
