import OpsCore
import OpsHTTP
package import OpsRegistry
package import OpsSSH
import OrderedCollections

/// The signatures that lie beside what they sign: manifests whose `subject` it is (OCI image-spec v1.1), each with one
/// layer, a signature as `ssh-keygen -Y sign` makes it.
///
/// What is signed is the manifest's digest as a line of text, so that `echo sha256:… | ssh-keygen -Y verify` checks it
/// without ops.
package struct SignatureStore: Sendable {
    private let client: RegistryClient
    private let repository: RepositoryName

    package static let artifactType = "application/vnd.ops.signature.v1"
    package static let contentType = "application/vnd.ops.signature.v1.sshsig"
    /// How many signatures of one thing are looked at: anybody who may push may attach one.
    private static let countLimit = 1000

    package init(client: RegistryClient, repository: RepositoryName) {
        self.client = client
        self.repository = repository
    }

    /// What a signature of a digest is over.
    package static func message(_ digest: Digest) -> [UInt8] { Array("\(digest)\n".utf8) }

    /// Signs a manifest or index that the repository holds. False where the key has signed it before: an ECDSA
    /// signature is new each time, and one is enough.
    ///
    /// Throws: an `OpsError`.
    package func sign(_ subject: ManifestDocument, for kind: ArtifactKind, by signer: SSHSigner) async throws -> Bool {
        let before = try await signatures(of: subject.digest).good
        let message = Self.message(subject.digest)
        let isSigned = before.contains { signature in
            signature.keyForm == signer.publicKey.form
                && (try? signature.verify(message, namespace: kind.namespace)) != nil
        }
        guard !isSigned else { return false }
        let signature = try await SSHSignature(of: message, namespace: kind.namespace, by: signer)
        let bytes = Array(signature.armored.utf8)
        let layer = Descriptor(
            mediaType: Self.contentType, digest: Digest.sha256(of: bytes), size: bytes.count,
            annotations: [Annotation.title: .string("\(kind.noun).sshsig")])
        let manifest = ArtifactManifest(
            artifactType: Self.artifactType, layers: [layer], subject: subject.descriptor)
        _ = try await client.push(layer, to: repository) { ByteStream(bytes) }
        _ = try await client.push(ArtifactManifest.emptyConfig, to: repository) {
            ByteStream(ArtifactManifest.emptyConfigBytes)
        }
        try await client.attach(manifest, to: repository)
        return true
    }

    /// The signatures that can be read, of the first thousand. What cannot is told and stands in nobody's way: anybody who may push may
    /// attach anything.
    ///
    /// Throws: an `OpsError` where the registry cannot be asked.
    func signatures(of subject: Digest) async throws -> (good: [SSHSignature], unreadable: [OpsError]) {
        var good: [SSHSignature] = []
        var unreadable: [OpsError] = []
        let found = try await client.referrers(
            repository, of: subject, artifactType: Self.artifactType, limit: Self.countLimit)
        if found.isCut {
            unreadable.append(
                OpsError(
                    .forbidden,
                    "more than \(Self.countLimit) signatures are attached to it, and only the first were looked at"))
        }
        for entry in found.manifests {
            do {
                if let signature = try await signature(entry, of: subject) { good.append(signature) }
            } catch let error as OpsError where error.code != .unavailable && error.code != .timeout {
                unreadable.append(error)
            }
        }
        return (good, unreadable)
    }

    private func signature(_ entry: Descriptor, of subject: Digest) async throws -> SSHSignature? {
        guard let document = try await client.manifest(repository, entry.digest.description), !document.isIndex else {
            throw OpsError(.notFound, "\(client.host) lacks \(entry.digest), a signature of \(subject)")
        }
        let manifest = try ArtifactManifest(document)
        guard manifest.subject?.digest == subject else { return nil }
        guard manifest.layers.count == 1, let layer = manifest.layers.first, layer.mediaType == Self.contentType,
            layer.size <= SSHSignature.sizeLimit
        else { throw OpsError(.invalid, "\(entry.digest) is no signature that ops knows") }
        var bytes: [UInt8] = []
        for try await chunk in try await client.blob(repository, layer) { bytes += chunk }
        return try SSHSignature(armored: String(decoding: bytes, as: UTF8.self))
    }
}
