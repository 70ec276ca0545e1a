import OpsCore
import OpsHTTP
import OpsRecipe
import OpsRegistry
import OpsSSH
import OpsSharing
import TestKit
import Testing

/// Signatures among what strangers attach.
@Suite struct SignatureStoreTests {
    private let remote: RemoteRepository

    init() throws { remote = try RemoteRepository() }

    private func pushed() async throws -> ManifestDocument {
        _ = try await remote.client.push(ArtifactManifest.emptyConfig, to: remote.name) {
            .init(ArtifactManifest.emptyConfigBytes)
        }
        let manifest = ArtifactManifest(
            artifactType: ArtifactKind.recipe.artifactType, layers: [ArtifactManifest.emptyConfig])
        try await remote.client.push(manifest.document, to: remote.name, as: "1")
        return manifest.document
    }

    /// Attaches bytes as a signature; returns their entry in the list.
    private func attach(_ text: String, to subject: ManifestDocument) async throws -> Descriptor {
        let bytes = Array(text.utf8)
        let layer = Descriptor(
            mediaType: SignatureStore.contentType, digest: Digest.sha256(of: bytes), size: bytes.count)
        _ = try await remote.client.push(layer, to: remote.name) { .init(bytes) }
        let manifest = ArtifactManifest(
            artifactType: SignatureStore.artifactType, layers: [layer], subject: subject.descriptor)
        try await remote.client.attach(manifest, to: remote.name)
        return manifest.descriptor
    }

    private func list(_ entries: [Descriptor], of subject: ManifestDocument) async throws {
        let index = ImageIndex(manifests: entries)
        try await remote.client.push(index.document, to: remote.name, as: "sha256-\(subject.digest.hex)")
    }

    private func check(_ subject: ManifestDocument, _ signer: SSHSigner) async throws -> SignatureFinding {
        let signers = try AllowedSigners("alice@example.com \(signer.publicKey.text)", name: "signers")
        let place = try remote.reference()
        return try await SignatureRules(mode: .warn, signers: signers).check(
            subject.digest, of: .recipe, at: place, client: remote.client)
    }

    @Test func rubbishHidesNoSignatureAndALongListIsTold() async throws {
        let (document, alice) = (try await pushed(), try await remote.signer())
        let store = SignatureStore(client: remote.client, repository: remote.name)
        let rubbish = try await attach("rubbish", to: document)
        #expect(try await store.sign(document, for: .recipe, by: alice))
        let tag = "sha256-\(document.digest.hex)"
        let both = try ImageIndex(try #require(try await remote.client.manifest(remote.name, tag))).manifests
        let good = try #require(both.first { $0.digest != rubbish.digest })
        try await list(Array(repeating: rubbish, count: 100) + [good], of: document)
        #expect(try await check(document, alice).signer == "alice@example.com")
        try await list(Array(repeating: rubbish, count: 1000) + [good], of: document)
        let cut = try await check(document, alice)
        #expect(cut.warning?.contains("more than 1000 signatures are attached to it") == true, "\(cut)")
        // One reason, however often.
        #expect(cut.warning?.ranges(of: "no SSH signature").count == 1, "\(cut)")
    }

    @Test func whatASignatureSaysMovesNoCursor() async throws {
        let (document, alice) = (try await pushed(), try await remote.signer())
        let signature = try await SSHSignature(
            of: SignatureStore.message(document.digest), namespace: "\u{1B}]0;x\u{07}", by: alice)
        _ = try await attach(signature.armored, to: document)
        let finding = try await check(document, alice)
        #expect(
            finding.warning?.contains(#"is made for '\u{1b}]0;x\u{7}', not for 'ops-recipe'"#) == true, "\(finding)")
    }
}
