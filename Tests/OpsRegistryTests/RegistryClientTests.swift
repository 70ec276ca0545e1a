import OpsCore
import OpsHTTP
import OpsRegistry
import OrderedCollections
import TestKit
import Testing

private let password = RegistryCredential.basic(username: Registry.username, password: Registry.password)

private func client(
    _ host: String, _ credential: RegistryCredential? = nil, service: HTTPService = .shared, plain: Bool = true
) throws -> RegistryClient {
    try RegistryClient(
        host: try RegistryHost(host), isPlainHTTP: plain, service: service,
        retry: RetryPolicy(attempts: 3, delay: .milliseconds(10)), credential: { _ in credential })
}

@discardableResult
private func push(
    _ sample: SampleImage, _ client: RegistryClient, _ repository: String = "team/app", tag: String = "v1",
    sibling: String? = nil
) async throws -> ImagePush.Report {
    let push = ImagePush(client: client, repository: try RepositoryName(repository))
    let content = try await ImagePush.Content.read(sample.source)
    let report = try await push.content(content, sibling: try sibling.map { try RepositoryName($0) })
    _ = try await push.tag(content, as: try Tag(tag))
    return report
}

/// Against Debian's docker-registry.
@Suite struct RegistryClientTests {
    @Test func pushesWhatSkopeoReads() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let registry = try Registry()
        let report = try await push(sample, client(registry.host))
        #expect(report.uploadedBlobs == 3)
        let judged = try run([
            "skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}} {{.Architecture}}",
            "docker://\(registry.host)/team/app:v1",
        ])
        #expect(judged.text == "\(sample.manifest.document.digest) amd64\n", "\(judged.errorText)")
    }

    @Test func anUnchangedImageCostsHEADsOnly() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let registry = try Registry()
        let client = try client(registry.host)
        try await push(sample, client)
        let before = try registry.requests().count
        let report = try await push(sample, client)
        #expect(report == ImagePush.Report())
        let requests = try registry.requests().dropFirst(before)
        #expect(
            Array(requests) == [
                "HEAD /v2/team/app/manifests/\(sample.manifest.document.digest)", "HEAD /v2/team/app/manifests/v1",
            ])
    }

    @Test func mountsFromTheBaseAndFromSiblings() async throws {
        let folder = try TemporaryFolder()
        let registry = try Registry()
        let client = try client(registry.host)
        try await push(try SampleImage(folder.path + "/base"), client, "library/base")
        let derived = try SampleImage(
            folder.path + "/derived", layers: [[UInt8](repeating: 7, count: 300_000), [9]],
            annotations: [Annotation.baseName: .string("\(registry.host)/library/base:v1")])
        let first = try await push(derived, client, "team/app")
        #expect(first.mountedBlobs == 1)
        #expect(first.uploadedBlobs == 2)
        let second = try await push(derived, client, "team/copy", sibling: "team/app")
        #expect(second.mountedBlobs == 3)
    }

    @Test func pullsWhatSkopeoPushed() async throws {
        let folder = try TemporaryFolder()
        _ = try SampleImage(folder.path + "/image")
        let registry = try Registry()
        let pushed = try run([
            "skopeo", "copy", "--dest-tls-verify=false", "oci:\(folder.path)/image", "docker://\(registry.host)/a/b:x",
        ])
        #expect(pushed.status == 0, "\(pushed.errorText)")
        let image = RegistryImage(
            try ImageReference("\(registry.host)/a/b:x"), client: try client(registry.host))
        let manifest = try await image.manifest(for: try Platform("linux/amd64"))
        // skopeo writes a manifest of its own; every byte of it is kept.
        let raw = try run(["skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.host)/a/b:x"])
        #expect(manifest.document.bytes == raw.output)
        #expect(try await image.config(of: manifest).platform == Platform("linux/amd64"))
        let writer = try LayoutWriter(folder.path + "/copy")
        for blob in manifest.blobs { try await writer.add(blob, from: image) }
        let missing = RegistryImage(try ImageReference("\(registry.host)/a/b:y"), client: try client(registry.host))
        let error = await #expect(throws: OpsError.self) { try await missing.root() }
        #expect(error?.code == .notFound)
    }

    @Test func readsImagesOfDockersFormat() async throws {
        let folder = try TemporaryFolder()
        _ = try SampleImage(folder.path + "/image")
        let registry = try Registry()
        let pushed = try run([
            "skopeo", "copy", "--dest-tls-verify=false", "--format", "v2s2", "oci:\(folder.path)/image",
            "docker://\(registry.host)/a/b:x",
        ])
        #expect(pushed.status == 0, "\(pushed.errorText)")
        let image = RegistryImage(
            try ImageReference("\(registry.host)/a/b:x"), client: try client(registry.host))
        let manifest = try await image.manifest(for: try Platform("linux/amd64"))
        #expect(manifest.document.mediaType == MediaType.dockerManifest)
        #expect(manifest.layers.allSatisfy { MediaType.oci($0.mediaType) == MediaType.gzipLayer })
    }

    @Test func logsInWithAPassword() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let registry = try Registry(.password)
        #expect(try await push(sample, client(registry.host, password)).uploadedBlobs == 3)
        for wrong in [nil, RegistryCredential.basic(username: "ops", password: "wrong")] {
            let error = await #expect(throws: OpsError.self) {
                try await push(sample, client(registry.host, wrong), "team/other")
            }
            #expect(error?.code == .forbidden)
            #expect(error?.description.contains("wrong") == false)
        }
    }

    @Test func speaksTLSAndTrustsOnlyWhatItIsTold() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let registry = try Registry(.tls, .password)
        let trusting = HTTPService.make(HTTPConfiguration(certificateFile: registry.certificate))
        #expect(
            try await push(sample, client(registry.host, password, service: trusting, plain: false)).uploadedBlobs == 3)
        let error = await #expect(throws: OpsError.self) {
            try await push(sample, client(registry.host, password, plain: false))
        }
        #expect(error?.code == .untrusted)
    }

    @Test func neverSpeaksPlainHTTPUnasked() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let registry = try Registry()
        await #expect(throws: OpsError.self) { try await push(sample, client(registry.host, plain: false)) }
    }

    @Test func aReadOnlyRegistryRefuses() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let registry = try Registry(.readOnly)
        let error = await #expect(throws: OpsError.self) { try await push(sample, client(registry.host)) }
        #expect(error?.description.contains("status 405") == true, "\(String(describing: error))")
    }
}

/// Against a registry that misbehaves as real ones do.
@Suite struct RegistryOddityTests {
    @Test(arguments: [
        ["token"], ["bare"], ["access-token"], ["token", "short"], ["busy=2"], ["flaky=1"], ["patch-only"],
        ["elsewhere"], ["token", "elsewhere"], ["quiet"],
    ])
    func pushesAndPullsAllTheSame(_ modes: [String]) async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let double = try make(modes)
        let client = try client(double.host, password)
        #expect(try await push(sample, client).uploadedBlobs == 3)
        let image = RegistryImage(try ImageReference("\(double.host)/team/app:v1"), client: client)
        let manifest = try await image.manifest(for: try Platform("linux/amd64"))
        #expect(manifest.document.digest == sample.manifest.document.digest)
        let writer = try LayoutWriter(folder.path + "/copy")
        for blob in manifest.blobs { try await writer.add(blob, from: image) }
        // Nothing that tells who we are ever reaches the other host.
        #expect(try double.requests().filter { $0.hasPrefix("2 ") }.allSatisfy { $0.hasSuffix(" -") })
    }

    @Test func asksForATokenOncePerScopes() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(
            folder.path + "/image", layers: (0..<12).map { [UInt8](repeating: UInt8($0), count: 100) })
        let double = try RegistryDouble("token")
        try await push(sample, client(double.host, password))
        #expect(try double.requests().filter { $0.contains("/token") }.count == 1)
    }

    @Test func usesIdentityTokens() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let double = try RegistryDouble("refresh")
        #expect(try await push(sample, client(double.host, .identityToken("refresh-me"))).uploadedBlobs == 3)
        let error = await #expect(throws: OpsError.self) {
            try await push(sample, client(double.host, .identityToken("hidden-token")), "team/other")
        }
        #expect(error?.code == .forbidden)
        #expect(error?.description.contains("hidden-token") == false)
    }

    @Test func aRegistryThatOnlyAsksIsNotAskedForEver() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let double = try RegistryDouble("loop")
        let error = await #expect(throws: OpsError.self) { try await push(sample, client(double.host, password)) }
        #expect(error?.code == .forbidden)
        #expect(try double.requests().count < 8)
    }

    @Test func aMountThatIsRefusedBecomesAnUpload() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let double = try RegistryDouble("no-mount")
        #expect(try await push(sample, client(double.host), sibling: "team/none").uploadedBlobs == 3)
        // One that is not there to be mounted as well: the answer is an upload's.
        let other = try RegistryDouble()
        #expect(try await push(sample, client(other.host), sibling: "team/none").uploadedBlobs == 3)
    }

    @Test(arguments: [
        ("corrupt", OpsError.Code.mismatch), ("longer", .mismatch), ("truncate=9", .unavailable),
    ])
    func whatIsNotWhatItsDigestSaysIsNotTaken(_ mode: String, _ code: OpsError.Code) async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let double = try make([mode])
        let client = try client(double.host)
        try await push(sample, client)
        let image = RegistryImage(try ImageReference("\(double.host)/team/app:v1"), client: client)
        let writer = try LayoutWriter(folder.path + "/copy")
        let error = await #expect(throws: OpsError.self) {
            try await writer.add(sample.manifest.layers[1], from: image)
        }
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(!writer.staging.holds(sample.manifest.layers[1]))
    }

    @Test func aConnectionThatBreaksOnceIsTriedAgain() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let double = try RegistryDouble("truncate=1")
        let client = try client(double.host)
        try await push(sample, client)
        let image = RegistryImage(try ImageReference("\(double.host)/team/app:v1"), client: client)
        let writer = try LayoutWriter(folder.path + "/copy")
        try await writer.add(sample.manifest.layers[1], from: image)
        #expect(writer.staging.holds(sample.manifest.layers[1]))
    }

    @Test func aRegistryThatStoredSomethingElseIsFoundOut() async throws {
        let folder = try TemporaryFolder()
        let sample = try SampleImage(folder.path + "/image")
        let double = try RegistryDouble("liar")
        let error = await #expect(throws: OpsError.self) { try await push(sample, client(double.host)) }
        #expect(error?.code == .mismatch)
    }

    @Test func saysWhatTheRegistrySaid() async throws {
        let double = try RegistryDouble()
        let blob = Descriptor(mediaType: MediaType.layer, digest: Digest.sha256(of: []), size: 0)
        let image = RegistryImage(try ImageReference("\(double.host)/team/app:v1"), client: try client(double.host))
        let error = await #expect(throws: OpsError.self) { try await image.blob(blob) }
        #expect(error?.description.hasSuffix("failed with status 404 (BLOB_UNKNOWN: because)") == true)
        let html = try RegistryDouble("html")
        let page = RegistryImage(try ImageReference("\(html.host)/team/app:v1"), client: try client(html.host))
        let other = await #expect(throws: OpsError.self) { try await page.blob(blob) }
        #expect(other?.description.contains("Go away") == true)
    }

    private func make(_ modes: [String]) throws -> RegistryDouble {
        switch modes.count {
        case 1: try RegistryDouble(modes[0])
        default: try RegistryDouble(modes[0], modes[1])
        }
    }
}
