import OpsCore
import OpsHTTP
import OpsRegistry
import OrderedCollections
import TestKit
import Testing

/// What is attached to a manifest, in registries that list it and in those that do not.
@Suite struct ReferrersTests {
    private static let kind = "application/vnd.example.note.v1"

    private func artifact(_ text: String, about subject: ManifestDocument?, kind: String = kind) -> ArtifactManifest {
        ArtifactManifest(
            artifactType: kind, layers: [ArtifactManifest.emptyConfig], annotations: ["note": .string(text)],
            subject: subject?.descriptor)
    }

    private func put(_ client: RegistryClient, _ repository: RepositoryName) async throws -> ManifestDocument {
        _ = try await client.push(ArtifactManifest.emptyConfig, to: repository) {
            .init(ArtifactManifest.emptyConfigBytes)
        }
        let subject = artifact("subject", about: nil).document
        try await client.push(subject, to: repository, as: "v1")
        return subject
    }

    private func check(_ host: String) async throws {
        let client = try RegistryClient(host: try RegistryHost(host), isPlainHTTP: true)
        let repository = try RepositoryName("team/app")
        let subject = try await put(client, repository)
        #expect(try await client.referrers(repository, of: subject.digest, artifactType: Self.kind).manifests.isEmpty)
        var digests: Set<Digest> = []
        for text in ["one", "two", "three"] {
            let note = artifact(text, about: subject)
            try await client.attach(note, to: repository)
            // Twice is once.
            try await client.attach(note, to: repository)
            digests.insert(note.document.digest)
        }
        try await client.attach(artifact("other", about: subject, kind: "application/x"), to: repository)
        let found = try await client.referrers(repository, of: subject.digest, artifactType: Self.kind).manifests
        #expect(found.count == 3)
        #expect(Set(found.map(\.digest)) == digests)
        let document = try #require(try await client.manifest(repository, found[0].digest.description))
        let read = try ArtifactManifest(document)
        #expect(read.artifactType == Self.kind)
        #expect(read.subject?.digest == subject.digest)
        let lonely = artifact("lonely", about: nil)
        await #expect(throws: OpsError.self) { try await client.attach(lonely, to: repository) }
    }

    @Test func aRegistryWithAListIsAskedForIt() async throws {
        let double = try RegistryDouble("referrers")
        try await check(double.host)
        #expect(try !double.requests().contains { $0.contains("/manifests/sha256-") })
    }

    @Test func elseTheTagThatStandsForItIs() async throws {
        let registry = try Registry()
        try await check(registry.host)
        #expect(try registry.requests().contains { $0.contains("PUT /v2/team/app/manifests/sha256-") })
        let double = try RegistryDouble()
        try await check(double.host)
        #expect(try double.requests().contains { $0.contains("PUT /v2/team/app/manifests/sha256-") })
    }
}
