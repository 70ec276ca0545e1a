import OpsCore
import OpsPlugin
import OpsRegistry
import OrderedCollections
import TestKit
import Testing

private func build(_ folder: TemporaryFolder, _ arch: String) async throws -> String {
    let outputs = try await perform(
        "container.build",
        #"{"platform":"linux/\#(arch)","layers":[{"files":[{"from":"dist/app","to":"app"}]}],"output":"oci:image-\#(arch)"}"#,
        in: folder.path)
    return outputs["reference"]?.stringValue ?? ""
}

@Suite struct PushTests {
    @Test func pushesUnderSeveralTags() async throws {
        let folder = try sampleFolder()
        let registry = try Registry(.password)
        let image = try await build(folder, "amd64")
        let arguments =
            #"{"images":"\#(image)","tags":["\#(registry.host)/team/app:1","\#(registry.host)/team/app","\#(registry.host)/other/app:1"],"username":"ops","password":"\#(Registry.password)","plain-http":true}"#
        let planned = try await plan("container.push", arguments, in: folder.path)
        #expect(planned.effects.map(\.kind) == [.read, .publish, .publish, .publish])
        #expect(planned.effects[1].detail?.hasPrefix("2 blobs, ") == true)
        let outputs = try await perform("container.push", arguments, in: folder.path)
        #expect(planned.outputs == outputs)
        #expect(outputs["references"]?.listValue?.count == 3)
        for name in ["team/app:1", "team/app:latest", "other/app:1"] {
            let judged = try run([
                "skopeo", "inspect", "--tls-verify=false", "--creds", "ops:\(Registry.password)", "--format",
                "{{.Digest}}", "docker://\(registry.host)/\(name)",
            ])
            #expect(judged.text.trimmed == outputs["digest"]?.stringValue, "\(judged.errorText)")
        }
        let before = try registry.requests().count
        _ = try await perform("container.push", arguments, in: folder.path)
        let again = try registry.requests().dropFirst(before)
        #expect(again.allSatisfy { $0.hasPrefix("HEAD ") })
        // Each of five questions, and the one that was answered by asking for the password.
        #expect(again.count == 6 || again.count == 7, "\(again)")
    }

    @Test func anOnlinePlanTellsWhatWouldBeSent() async throws {
        let folder = try sampleFolder()
        let registry = try Registry()
        func arguments(_ image: String) -> String {
            #"{"images":"\#(image)","tags":["\#(registry.host)/team/app:1","\#(registry.host)/team/app:2"],"plain-http":true}"#
        }
        func details(_ image: String) async throws -> [String] {
            try await plan("container.push", arguments(image), in: folder.path, isOnline: true).effects.dropFirst()
                .compactMap(\.detail)
        }
        let image = try await build(folder, "amd64")
        let fresh = try await details(image)
        #expect(fresh.count == 2 && fresh[0].hasPrefix("2 of 2 blobs to send, "), "\(fresh)")
        #expect(fresh[0].hasSuffix("; tag 1 is new") && fresh[1].hasSuffix("; tag 2 is new"))
        let outputs = try await perform("container.push", arguments(image), in: folder.path)
        #expect(
            try await details(image) == [1, 2].map { "nothing to send; tag \($0) names it already" })
        // The layer is the same, the configuration is not.
        let other = try await details(try await build(folder, "arm64"))
        #expect(other[0].hasPrefix("1 of 2 blobs to send, "))
        let digest = outputs["digest"]?.stringValue ?? ""
        #expect(other[1].hasSuffix("; tag 2 moves from \(digest.prefix(19))"))
        let built = try await plan(
            "container.build", #"{"base":"\#(registry.host)/team/app:1","plain-http":true,"output":"oci:x"}"#,
            in: folder.path, isOnline: true)
        #expect(built.effects[0].detail == "base image, now \(digest)")
        let requests = try registry.requests()
        let pushed = requests.lastIndex { !$0.hasPrefix("HEAD ") } ?? 0
        #expect(requests[..<4].allSatisfy { $0.hasPrefix("HEAD ") })
        #expect(requests.count - pushed > 6)
    }

    @Test func anOnlinePlanSaysWhyNothingCouldBeAsked() async throws {
        let folder = try sampleFolder()
        let image = try await build(folder, "amd64")
        let planned = try await plan(
            "container.push", #"{"images":"\#(image)","tags":"127.0.0.1:1/a:1","plain-http":true}"#,
            in: folder.path, isOnline: true)
        #expect(planned.effects.last?.detail?.hasPrefix("the registry could not be asked: ") == true)
    }

    @Test func severalImagesBecomeAnIndex() async throws {
        let folder = try sampleFolder()
        let registry = try Registry()
        let images = [try await build(folder, "amd64"), try await build(folder, "arm64")]
        let outputs = try await perform(
            "container.push",
            #"{"images":["\#(images[0])","\#(images[1])"],"tags":"\#(registry.host)/team/app:2","annotations":{"a":"b"},"plain-http":true}"#,
            in: folder.path)
        let raw = try run(["skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(registry.host)/team/app:2"])
        #expect(Digest.sha256(of: raw.output).description == outputs["digest"]?.stringValue, "\(raw.errorText)")
        let index = try JSONReader.value(raw.output)
        #expect(index["mediaType"] == .string(MediaType.index))
        #expect(
            index["manifests"]?.listValue?.map { $0["platform"]?["architecture"] } == [
                .string("amd64"), .string("arm64"),
            ])
        let copied = try run([
            "skopeo", "copy", "--all", "--src-tls-verify=false", "docker://\(registry.host)/team/app:2",
            "oci:\(folder.path)/copy:x",
        ])
        #expect(copied.status == 0, "\(copied.errorText)")
    }

    @Test func nothingIsTaggedWhenOneImageIsMissing() async throws {
        let folder = try sampleFolder()
        let registry = try Registry()
        let image = try await build(folder, "amd64")
        let error = await #expect(throws: OpsError.self) {
            try await perform(
                "container.push",
                #"{"images":["\#(image)","oci:missing"],"tags":"\#(registry.host)/team/app:1","plain-http":true}"#,
                in: folder.path)
        }
        #expect(error?.code == .notFound)
        // Nor when a blob is.
        let broken = try await build(folder, "arm64")
        let layout = LayoutImage(ImageLayout(path: folder.path + "/image-arm64"), .only)
        try run(["rm", layout.layout.file(try Manifest(try await layout.root()).layers[0].digest)])
        let second = await #expect(throws: OpsError.self) {
            try await perform(
                "container.push",
                #"{"images":"\#(broken)","tags":"\#(registry.host)/team/app:1","plain-http":true}"#, in: folder.path)
        }
        #expect(second?.code == .notFound)
        #expect(try registry.requests().isEmpty)
    }

    @Test func credentialsComeFromFilesAndHelpers() async throws {
        let folder = try sampleFolder()
        let registry = try Registry(.password)
        let image = try await build(folder, "amd64")
        let arguments = #"{"images":"\#(image)","tags":"\#(registry.host)/team/app:1","plain-http":true}"#
        let none = await #expect(throws: OpsError.self) {
            try await perform("container.push", arguments, in: folder.path, environment: ["HOME": folder.path])
        }
        #expect(none?.code == .forbidden)
        try run(["mkdir", "-p", folder.path + "/login"])
        let login = try run([
            "skopeo", "login", "--tls-verify=false", "--authfile", folder.path + "/login/auth.json", "-u", "ops", "-p",
            Registry.password, registry.host,
        ])
        #expect(login.status == 0, "\(login.errorText)")
        _ = try await perform(
            "container.push", arguments, in: folder.path,
            environment: ["REGISTRY_AUTH_FILE": folder.path + "/login/auth.json"])
        try folder.write(
            "bin/docker-credential-test",
            "#!/bin/sh\nread host\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"ops\",\"Secret\":\"\(Registry.password)\"}' \"$host\"\n",
            mode: 0o755)
        try folder.write("docker/config.json", #"{"credHelpers":{"\#(registry.host)":"test"}}"#)
        _ = try await perform(
            "container.push", arguments, in: folder.path,
            environment: ["DOCKER_CONFIG": folder.path + "/docker", "PATH": folder.path + "/bin:/usr/bin:/bin"])
        let missing = await #expect(throws: OpsError.self) {
            try await perform(
                "container.push", arguments, in: folder.path,
                environment: ["DOCKER_CONFIG": folder.path + "/docker", "PATH": "/usr/bin:/bin"])
        }
        #expect(missing?.description.contains("'docker-credential-test' is not installed") == true)
    }

    @Test func aBaseFromARegistryOverTLSIsMountedFromThere() async throws {
        let folder = try sampleFolder()
        let registry = try Registry(.tls, .password)
        let environment = ["SSL_CERT_FILE": registry.certificate ?? ""]
        let access = #""username":"ops","password":"\#(Registry.password)""#
        _ = try await perform(
            "container.build",
            #"{"platform":"linux/amd64","layers":[{"files":[{"from":"site","to":"srv"}]}],"output":"oci:base"}"#,
            in: folder.path)
        let pushed = try run([
            "skopeo", "copy", "--format", "v2s2", "--dest-tls-verify=false", "--dest-creds", "ops:\(Registry.password)",
            "oci:\(folder.path)/base", "docker://\(registry.host)/library/base:1",
        ])
        #expect(pushed.status == 0, "\(pushed.errorText)")
        let built = try await perform(
            "container.build",
            #"{"base":"\#(registry.host)/library/base:1","platform":"linux/amd64","layers":[{"files":[{"from":"dist/app","to":"app"}]}],\#(access),"output":"oci:derived"}"#,
            in: folder.path, environment: environment)
        let image = LayoutImage(ImageLayout(path: folder.path + "/derived"), .only)
        let manifest = try Manifest(try await image.root())
        #expect(manifest.annotations[Annotation.baseName] == .string("\(registry.host)/library/base:1"))
        #expect(manifest.layers.allSatisfy { $0.mediaType == MediaType.gzipLayer })
        _ = try await perform(
            "container.push",
            #"{"images":"\#(built["reference"]?.stringValue ?? "")","tags":"\#(registry.host)/team/app:1",\#(access)}"#,
            in: folder.path, environment: environment)
        #expect(try registry.requests().filter { $0.contains("?from=library") || $0.contains("mount=") }.count >= 1)
        let judged = try run([
            "skopeo", "copy", "--src-tls-verify=false", "--src-creds", "ops:\(Registry.password)",
            "docker://\(registry.host)/team/app:1", "oci:\(folder.path)/copy:x",
        ])
        #expect(judged.status == 0, "\(judged.errorText)")
        let unpacked = try run(
            ["umoci", "unpack", "--rootless", "--image", "\(folder.path)/copy:x", folder.path + "/bundle"])
        #expect(unpacked.status == 0, "\(unpacked.errorText)")
        #expect(folder.exists("bundle/rootfs/srv/index.html"))
        #expect(folder.exists("bundle/rootfs/app"))
    }

    @Test(arguments: [
        (#"{"images":[],"tags":"a/b"}"#, "'images' of container.push: the list is empty"),
        (#"{"images":"oci:x","tags":[]}"#, "'tags' of container.push: the list is empty"),
        (#"{"images":"docker-archive:x","tags":"a/b"}"#, "'docker-archive:x' is not an image layout"),
        (#"{"images":"oci:x","tags":"oci:y"}"#, "'oci:y' is not a place in a registry"),
        (#"{"images":"oci:x","tags":"A/b:c:d"}"#, "is not an image reference"),
        (#"{"images":"oci:x","tags":"a/b"}"#, "is not an OCI image layout"),
    ])
    func saysWhatIsWrong(_ json: String, _ expected: String) async throws {
        let folder = try TemporaryFolder()
        let error = await #expect(throws: OpsError.self) {
            try await perform("container.push", json, in: folder.path)
        }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
    }

    @Test func aPlanKnowsNothingOfWhatIsNotSettled() async throws {
        let folder = try sampleFolder()
        let image = try await build(folder, "amd64")
        let plan = try await plan(
            "container.push", #"{"images":"\#(image)","tags":"registry.example.com/a:1"}"#, in: folder.path,
            isSettled: { _ in false })
        #expect(plan.outputs.isEmpty)
        #expect(plan.effects.last == Effect(.publish, "registry.example.com/a:1"))
    }
}
