import OpsArchive
import OpsCore
import OpsHTTP
import OpsRecipe
import OpsRegistry
import OpsSSH
import OpsSharing
import OpsSystem
import OrderedCollections
import TestKit
import Testing

/// Content of others, from Debian's docker-registry.
@Suite struct ArtifactPullTests {
    private let remote: RemoteRepository

    init() throws { remote = try RemoteRepository() }

    /// Pushes a manifest with an archive that this program itself would not make.
    @discardableResult
    private func push(
        archive: [UInt8], kind: ArtifactKind = .recipe, type: String? = nil, digest: Digest? = nil, tag: String = "1"
    ) async throws -> ManifestDocument {
        let sent = Descriptor(
            mediaType: type ?? kind.contentType, digest: Digest.sha256(of: archive), size: archive.count)
        let empty = ArtifactManifest.emptyConfig
        _ = try await remote.client.push(sent, to: remote.name) { .init(archive) }
        _ = try await remote.client.push(empty, to: remote.name) { .init(ArtifactManifest.emptyConfigBytes) }
        let manifest = ArtifactManifest(artifactType: kind.artifactType, layers: [sent])
        try await remote.client.push(manifest.document, to: remote.name, as: tag)
        return manifest.document
    }

    /// An archive that Python makes of lines of a program.
    private func archive(_ lines: String) throws -> [UInt8] {
        let script = """
            import io, sys, tarfile
            out = io.BytesIO()
            tar = tarfile.open(fileobj=out, mode='w:gz')
            def add(name, content=b'x', type=None, link=''):
                info = tarfile.TarInfo(name)
                info.size = len(content) if type is None else 0
                if type is not None: info.type, info.linkname = type, link
                tar.addfile(info, io.BytesIO(content) if type is None else None)
            \(lines)
            tar.close()
            sys.stdout.buffer.write(out.getvalue())
            """
        let made = try run(["python3", "-c", script])
        try #require(made.status == 0, "\(made.errorText)")
        return made.output
    }

    private func pull(_ tag: String = "1", kind: ArtifactKind = .recipe, limits: TreeLimits = .init()) async throws
        -> Int
    {
        let pull = ArtifactPull(
            PublishedArtifact(kind, at: try remote.reference(tag), client: remote.client, limits: limits))
        let found = try await pull.find(for: PlatformName.host)
        return try await pull.unpack(found, to: remote.folder.path + "/target")
    }

    @Test(arguments: [
        ("add('../evil')", "its path has '..'"), ("add('/evil')", "its path is absolute"),
        ("add('a/../../evil')", "its path has '..'"),
        ("add('link', type=tarfile.SYMTYPE, link='../..')", "which can lead outside"),
        ("add('link', type=tarfile.SYMTYPE, link='/etc')", "which is absolute or empty"),
        ("add('d', type=tarfile.SYMTYPE, link='.')\nadd('d/e')", "which is a link or a file in the archive"),
        ("add('hard', type=tarfile.LNKTYPE, link='../ops.yaml')", "its path has '..'"),
        ("add('pipe', type=tarfile.FIFOTYPE)", "it is a device, pipe or socket"),
        ("add('a'); add('a')", "the archive has that path twice"),
        ("add('sub/.git/config')", "would be taken for a repository"),
        ("add('.GIT/config')", "would be taken for a repository"),
    ])
    func whatLeadsOutIsRefusedAndNothingIsLeft(lines: String, reason: String) async throws {
        try await push(archive: try archive(lines))
        let error = await #expect(throws: OpsError.self) { try await pull() }
        #expect(error?.code == .forbidden)
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.message.contains("oci://\(remote.registry.host)/team/recipe:1") == true)
        #expect(try run(["ls", "-A", remote.folder.path]).text.isEmpty)
    }

    @Test func aBombIsStoppedByWhatComesOut() async throws {
        try await push(archive: try archive("for i in range(40): add('zeros%d' % i, bytes(1 << 20))"))
        var limits = TreeLimits()
        limits.size = 8 << 20
        let error = await #expect(throws: OpsError.self) { try await pull(limits: limits) }
        #expect(error?.message.contains("has more than 8.4 MB of content") == true, "\(String(describing: error))")
        try await push(archive: try archive("for i in range(40): add('f%d' % i, b'')"), tag: "2")
        limits.entries = 39
        let many = await #expect(throws: OpsError.self) { try await pull("2", limits: limits) }
        #expect(many?.message.contains("has more than 39 entries") == true, "\(String(describing: many))")
        try await push(archive: try archive("for i in range(40): add('d%d' % i, type=tarfile.DIRTYPE)"), tag: "3")
        let empty = await #expect(throws: OpsError.self) { try await pull("3", limits: limits) }
        #expect(empty?.message.contains("has more than 39 entries") == true, "\(String(describing: empty))")
        // Two files, and forty folders on the way to them.
        let deep = "for name in ('a/', 'b/'): add(name * 20 + 'f', b'')"
        try await push(archive: try archive(deep), tag: "4")
        let folders = await #expect(throws: OpsError.self) { try await pull("4", limits: limits) }
        #expect(
            folders?.message.contains("there are more than 39 files, links and folders with it") == true,
            "\(String(describing: folders))")
        #expect(try run(["ls", "-A", remote.folder.path]).text.isEmpty)
    }

    @Test func whatIsNoRecipeIsRefused() async throws {
        let archive = try archive("add('ops.yaml')")
        try await push(archive: archive, kind: .plugin)
        let other = await #expect(throws: OpsError.self) { try await pull() }
        #expect(other?.message.hasSuffix("is no recipe but application/vnd.ops.plugin.v1+json") == true)
        try await push(archive: archive, type: MediaType.gzipLayer, tag: "2")
        let content = await #expect(throws: OpsError.self) { try await pull("2") }
        #expect(content?.message.hasSuffix("has other content than one \(ArtifactKind.recipe.contentType)") == true)
        try await push(archive: Array("no archive".utf8), tag: "3")
        let damaged = await #expect(throws: OpsError.self) { try await pull("3") }
        #expect(damaged?.code == .invalid)
        let missing = await #expect(throws: OpsError.self) { try await pull("4") }
        #expect(missing?.code == .notFound)
        #expect(try run(["ls", "-A", remote.folder.path]).text.isEmpty)
    }

    @Test func aFolderInUseIsLeftAlone() async throws {
        try await push(archive: try archive("add('ops.yaml'); add('b/c')"))
        try remote.folder.write("target/mine", "")
        let error = await #expect(throws: OpsError.self) { try await pull() }
        #expect(error?.message == "cannot unpack to '\(remote.folder.path)/target': the folder is not empty")
        #expect(remote.folder.exists("target/mine") && !remote.folder.exists("target/ops.yaml"))
        _ = try run(["rm", remote.folder.path + "/target/mine"])
        #expect(try await pull() == 2)
        #expect(try remote.folder.text("target/b/c") == "x")
    }

    // MARK: Signatures

    @Test func aSignatureThatCountsIsFoundAmongOthers() async throws {
        let document = try await push(archive: try archive("add('ops.yaml')"))
        let (alice, mallory) = (try await remote.signer("alice"), try await remote.signer("mallory"))
        let store = SignatureStore(client: remote.client, repository: remote.name)
        let allowed = try AllowedSigners("alice@example.com \(alice.publicKey.text)", name: "signers")
        let place = try remote.reference()
        func check(_ mode: SignatureMode, _ signers: AllowedSigners?, kind: ArtifactKind = .recipe) async throws
            -> SignatureFinding
        {
            try await SignatureRules(mode: mode, signers: signers).check(
                document.digest, of: kind, at: place, client: remote.client)
        }
        #expect(
            try await check(.warn, allowed).warning?.hasSuffix("has no signature that counts: it is not signed") == true
        )
        await #expect(throws: OpsError.self) { try await check(.require, allowed) }
        #expect(try await check(.off, nil) == SignatureFinding())

        // What anybody attaches stands in nobody's way.
        #expect(try await store.sign(document, for: .recipe, by: mallory))
        let rubbish = Array("rubbish".utf8)
        let layer = Descriptor(
            mediaType: SignatureStore.contentType, digest: Digest.sha256(of: rubbish), size: rubbish.count)
        _ = try await remote.client.push(layer, to: remote.name) { .init(rubbish) }
        try await remote.client.attach(
            ArtifactManifest(
                artifactType: SignatureStore.artifactType, layers: [layer], subject: document.descriptor),
            to: remote.name)
        let unknown = await #expect(throws: OpsError.self) { try await check(.require, allowed) }
        #expect(unknown?.message.contains("its key \(mallory.publicKey.fingerprint) is not in signers") == true)
        #expect(unknown?.message.contains("it is no SSH signature") == true)

        #expect(try await store.sign(document, for: .recipe, by: alice))
        #expect(try await !store.sign(document, for: .recipe, by: alice))
        let finding = try await check(.require, allowed)
        #expect(finding.signer == "alice@example.com")
        #expect(finding.fingerprint == alice.publicKey.fingerprint)
        // A signature of a recipe is none of a plugin, and without known signers none counts.
        await #expect(throws: OpsError.self) { try await check(.require, allowed, kind: .plugin) }
        await #expect(throws: OpsError.self) { try await check(.require, nil) }
        let refusing = SignatureRules(mode: .require, signers: allowed) {
            OpsError(.forbidden, "the policy does not allow \($0)")
        }
        let refused = await #expect(throws: OpsError.self) {
            try await refusing.check(document.digest, of: .recipe, at: place, client: remote.client)
        }
        #expect(refused?.message.contains("the policy does not allow alice@example.com") == true)

        // The registry keeps no list by subject: it is under the tag that stands for it.
        let tag = "sha256-\(document.digest.hex)"
        let list = try #require(try await remote.client.manifest(remote.name, tag))
        #expect(try ImageIndex(list).manifests.count == 3)
    }

    @Test func aSignatureOfOtherContentDoesNotCount() async throws {
        let first = try await push(archive: try archive("add('ops.yaml')"))
        let second = try await push(archive: try archive("add('ops.yaml', b'evil')"), tag: "2")
        let alice = try await remote.signer("alice")
        let store = SignatureStore(client: remote.client, repository: remote.name)
        #expect(try await store.sign(first, for: .recipe, by: alice))
        // Moved to what was never signed.
        let list = try #require(try await remote.client.manifest(remote.name, "sha256-\(first.digest.hex)"))
        let entry = try ImageIndex(list).manifests[0]
        let signature = try ArtifactManifest(
            try #require(try await remote.client.manifest(remote.name, entry.digest.description)))
        try await remote.client.attach(
            ArtifactManifest(
                artifactType: SignatureStore.artifactType, layers: signature.layers, subject: second.descriptor),
            to: remote.name)
        let allowed = try AllowedSigners("alice@example.com \(alice.publicKey.text)", name: "signers")
        let place = try remote.reference("2")
        let error = await #expect(throws: OpsError.self) {
            try await SignatureRules(mode: .require, signers: allowed).check(
                second.digest, of: .recipe, at: place, client: remote.client)
        }
        #expect(
            error?.message.contains("the signature by \(alice.publicKey.fingerprint) is not of this content") == true)
    }
}
