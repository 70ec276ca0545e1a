import OpsArchive
package import OpsCore
package import OpsRegistry
package import OpsSSH
import OpsSystem
import OrderedCollections

/// Puts a recipe or a plugin into a registry: content first, the signature next, the tag last. Nobody who asks for the
/// tag ever finds what is not whole, or not yet signed.
package struct ArtifactPush: Sendable {
    private let kind: ArtifactKind
    private let client: RegistryClient
    private let reference: ImageReference

    /// - Parameter reference: with a tag, and without a digest.
    /// Throws: an `OpsError` (`usage`) for any other.
    package init(_ kind: ArtifactKind, to reference: ImageReference, client: RegistryClient) throws(OpsError) {
        try Self.check(reference)
        self.kind = kind
        self.client = client
        self.reference = reference
    }

    /// Throws: an `OpsError` (`usage`) where nothing can be pushed to the place: it has no tag, or a digest.
    package static func check(_ reference: ImageReference) throws(OpsError) {
        guard reference.digest == nil, reference.tag != nil else {
            throw OpsError(
                .usage, "'oci://\(reference)' has no tag to push to", hint: "write oci://HOST/REPOSITORY:TAG")
        }
    }

    /// What a push did.
    package struct Report: Sendable {
        package var artifact: PackedArtifact
        package var upload: ImagePush.Report
        /// False where the tag named it already.
        package var hasMovedTag: Bool
        /// The signer's key, where it was signed; false where that key had signed it before.
        package var signature: (fingerprint: String, isNew: Bool)?
    }

    /// - Parameters:
    ///   - temporary: a folder for the archives, absolute.
    ///   - signer: signs what is pushed, where that is wanted.
    /// Throws: an `OpsError`; the tag is then where it was.
    package func callAsFunction(
        _ parts: [PackedArtifact.Part], isIndex: Bool, annotations: ValueMap, temporary: String,
        signer: SSHSigner? = nil
    ) async throws -> Report {
        let writer = try LayoutWriter(temporary + "/ops-push")
        defer { writer.discard() }
        let kind = kind
        let artifact = try await onThread { cancellation in
            try PackedArtifact.staged(
                kind, parts, isIndex: isIndex, annotations: annotations, in: writer, cancellation: cancellation)
        }
        let source = StagedArtifact(artifact: artifact, layout: writer.staging, name: "the \(kind.noun)")
        let content = try await ImagePush.Content.read(source)
        let push = ImagePush(client: client, repository: reference.repository)
        let upload = try await push.content(content)
        var signature: (fingerprint: String, isNew: Bool)?
        if let signer {
            let store = SignatureStore(client: client, repository: reference.repository)
            let isNew = try await store.sign(artifact.root, for: kind, by: signer)
            signature = (signer.publicKey.fingerprint, isNew)
        }
        guard let tag = reference.tag else { throw OpsError(.usage, "there is no tag to push to") }
        let hasMovedTag = try await push.tag(content, as: tag)
        return Report(artifact: artifact, upload: upload, hasMovedTag: hasMovedTag, signature: signature)
    }
}
