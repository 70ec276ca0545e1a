package import OpsCore
package import OpsRecipe
package import OpsRegistry
package import OpsSSH
import OrderedCollections

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

    /// What a policy asks.
    ///
    /// - Parameters:
    ///   - named: the file with the keys that a caller named, absolute; nil looks for one (`SignerSearch`).
    ///   - folder: the recipe's, or where there is none the one that ops works in; absolute.
    /// Throws: an `OpsError` with file and line where the keys cannot be read.
    package init(
        _ policy: Policy, named: String? = nil, for folder: String, environment: [String: String]
    ) throws(OpsError) {
        self.init(
            mode: policy.signatures,
            signers: try SignerSearch.find(named: named, for: folder, environment: environment),
            refusal: { policy.refusal(ofSigner: $0) })
    }
}

/// What was found of the signatures of something.
package struct SignatureFinding: Sendable, Hashable {
    /// Who signed it, as `allowed_signers` names them; nil where no signature counts or nobody looked.
    package var signer: String?
    /// The signer's key: `SHA256:…`.
    package var fingerprint: String?
    /// Why no signature counts, where that is to be told and no error; plain.
    package var warning: String?

    package init(signer: String? = nil, fingerprint: String? = nil, warning: String? = nil) {
        self.signer = signer
        self.fingerprint = fingerprint
        self.warning = warning
    }
}

extension SignatureFinding {
    /// For whoever is to trust what was signed.
    var lines: [String] {
        if let signer { return ["signed by   \(signer) (\(fingerprint ?? ""))"] }
        return warning.map { ["signature   \($0)"] } ?? []
    }
}

extension Policy {
    /// Why what is locked does not count: it has no signer, or one whose signatures do not; nil where it does.
    func refusal(ofLocked entry: LockEntry) -> OpsError? {
        guard signatures == .require else { return nil }
        guard let signer = entry.signer else {
            return OpsError(
                .forbidden, "is locked without a signature, and the policy requires one", hint: "run 'ops lock'")
        }
        return SignatureRules(mode: signatures, refusal: { self.refusal(ofSigner: $0) })
            .refusal(ofPrincipals: signer)
    }
}

/// Something that may be signed, and the signatures that were found.
struct SignedSubject {
    /// As messages name it: `the recipe oci://host/name:1 (sha256:…)`.
    var name: String
    /// What the signatures are over.
    var message: [UInt8]
    /// What they are made for (OpenSSH, PROTOCOL.sshsig, "namespace").
    var namespace: String
    var signatures: [SSHSignature] = []
    /// Why others could not be read.
    var unreadable: [OpsError] = []
}

extension SignatureRules {
    /// Looks in a registry for a signature that counts. One is enough, whatever else is attached.
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
        return try check(
            SignedSubject(
                name: "the \(kind.noun) oci://\(reference) (\(subject))", message: SignatureStore.message(subject),
                namespace: kind.namespace, signatures: found.good, unreadable: found.unreadable),
            time: time)
    }

    /// Looks for a signature that counts among those that were found.
    ///
    /// Throws: an `OpsError` (`forbidden`) where the mode is `require` and none counts.
    func check(_ subject: SignedSubject, time: Int = Int(Timestamp.now)) throws(OpsError) -> SignatureFinding {
        guard mode != .off else { return SignatureFinding() }
        var reasons: [String] = []
        for signature in subject.signatures {
            do throws(OpsError) {
                try signature.verify(subject.message, namespace: subject.namespace)
                guard let signers else {
                    throw OpsError(
                        .forbidden, "it is signed by the key \(signature.fingerprint), and no signers are known",
                        hint: Self.whereSigners)
                }
                let entry = try signers.signer(of: signature, at: time)
                if let refusal = refusal(ofPrincipals: entry.principals.text) { throw refusal }
                return SignatureFinding(signer: entry.principals.text, fingerprint: signature.fingerprint)
            } catch {
                reasons.append(error.message)
            }
        }
        reasons += subject.unreadable.map(\.message)
        let problem = "\(subject.name) has no signature that counts"
        let reason = reasons.isEmpty ? "it is not signed" : Self.text(reasons)
        guard mode == .require else { return SignatureFinding(warning: "\(problem): \(reason)") }
        throw OpsError(
            .forbidden, "\(problem): \(reason)",
            hint: signers == nil
                ? Self.whereSigners : "signatures are required, and \(signers?.name ?? "") names whose count")
    }

    /// Signatures are of strangers, and so may be the words and the number of what is wrong with them.
    private static func text(_ reasons: [String]) -> String {
        let all = OrderedSet(reasons.map(\.plain))
        let others = all.count - reasonLimit
        return all.prefix(reasonLimit).joined(separator: "; ") + (others > 0 ? "; and \(others) more" : "")
    }

    private static let reasonLimit = 8

    /// Nil where one of the names, which commas separate, is allowed.
    func refusal(ofPrincipals text: String) -> OpsError? {
        let refusals = text.split(separator: ",").map { refusal(String($0)) }
        return refusals.contains { $0 == nil } ? nil : refusals.first ?? nil
    }

    private static let whereSigners = "name whose signatures count in .ops/allowed_signers, or with --allowed-signers"
}
