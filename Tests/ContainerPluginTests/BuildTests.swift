import Glibc
import OpsCore
import OpsPlugin
import OpsRegistry
import OrderedCollections
import TestKit
import Testing

private let layers =
    #"[{"files":[{"from":"dist/app","to":"/app","mode":"0755"}]},{"files":[{"from":"site","to":"srv/www"}]}]"#

private let fullConfig = #"""
    {"entrypoint":["/app"],"cmd":["serve"],"env":{"PATH":"/bin","LANG":"C.UTF-8"},"user":"65534:65534",
     "workdir":"/srv","labels":{"org.opencontainers.image.title":"app"},"ports":["8080","53/udp"],
     "volumes":["/data"],"healthcheck":{"cmd":["/app","check"],"interval":"30s","retries":3},"stop-signal":"SIGINT"}
    """#

@Suite struct BuildTests {
    @Test func anImageFromNothingPassesTheJudges() async throws {
        let folder = try sampleFolder()
        let outputs = try await perform(
            "container.build",
            #"{"platform":"linux/amd64","layers":\#(layers),"config":\#(fullConfig),"annotations":{"a.b":"c"},"output":"oci:out/image:v1"}"#,
            in: folder.path)
        let judged = try run(
            [
                "skopeo", "inspect", "--format", "{{.Digest}} {{.Os}}/{{.Architecture}}",
                "oci:\(folder.path)/out/image:v1",
            ])
        #expect(judged.text.trimmed == "\(outputs["digest"]?.stringValue ?? "") linux/amd64", "\(judged.errorText)")
        let unpacked = try run(
            ["umoci", "unpack", "--rootless", "--image", "\(folder.path)/out/image:v1", folder.path + "/bundle"])
        #expect(unpacked.status == 0, "\(unpacked.errorText)")
        #expect(try run([folder.path + "/bundle/rootfs/app"]).text == "hello\n")
        #expect(try folder.text("bundle/rootfs/srv/www/deep/ünïcode.txt") == "text")
        let value = Value.map(try await config(folder.path + "/out/image").root)
        #expect(value["config"]?["Entrypoint"] == .list([.string("/app")]))
        #expect(value["config"]?["Cmd"] == .list([.string("serve")]))
        #expect(value["config"]?["Env"] == .list([.string("PATH=/bin"), .string("LANG=C.UTF-8")]))
        #expect(value["config"]?["ExposedPorts"] == .map(["8080/tcp": .map([:]), "53/udp": .map([:])]))
        #expect(value["config"]?["Healthcheck"]?["Interval"] == .integer(30_000_000_000))
        #expect(value["config"]?["Healthcheck"]?["Test"] == .list([.string("CMD"), .string("/app"), .string("check")]))
        #expect(value["created"] == .string("1970-01-01T00:00:00Z"))
        #expect(try ImageSchemas.problems(of: folder.path + "/out/image") == "")
    }

    @Test func settingsAloneAreAnImageToo() async throws {
        let folder = try sampleFolder()
        _ = try await perform(
            "container.build", #"{"config":{"labels":{"a":"b"}},"output":"oci:image"}"#, in: folder.path)
        let judged = try run(["skopeo", "inspect", "oci:\(folder.path)/image"])
        #expect(judged.status == 0, "\(judged.errorText)")
    }

    @Test func theDockerArchiveServesBothFormats() async throws {
        let folder = try sampleFolder()
        let outputs = try await perform(
            "container.build",
            #"{"layers":\#(layers),"config":\#(fullConfig),"output":["docker-archive:out.tar:team/app:v1","oci:image"]}"#,
            in: folder.path)
        let archive = try run(
            ["skopeo", "inspect", "--format", "{{.Digest}}", "oci-archive:\(folder.path)/out.tar"])
        #expect(archive.text.trimmed == outputs["digest"]?.stringValue, "\(archive.errorText)")
        let docker = try run([
            "skopeo", "inspect", "--raw", "--config", "docker-archive:\(folder.path)/out.tar:team/app:v1",
        ])
        #expect(docker.status == 0, "\(docker.errorText)")
        let copied = try run(
            ["skopeo", "copy", "docker-archive:\(folder.path)/out.tar", "oci:\(folder.path)/copy:x"])
        #expect(copied.status == 0, "\(copied.errorText)")
        #expect(Digest.sha256(of: docker.output).description == outputs["config-digest"]?.stringValue)
        let unpacked = try run(
            ["umoci", "unpack", "--rootless", "--image", "\(folder.path)/copy:x", folder.path + "/bundle"])
        #expect(unpacked.status == 0, "\(unpacked.errorText)")
        #expect(try run([folder.path + "/bundle/rootfs/app"]).text == "hello\n")
        #expect(
            try run(["tar", "-tf", folder.path + "/out.tar"]).text.split(separator: "\n").contains("manifest.json"))
    }

    @Test func theSameInputGivesTheSameBytes() async throws {
        let arguments =
            #"{"platform":"linux/amd64","layers":\#(layers),"config":\#(fullConfig),"output":["oci:image","docker-archive:image.tar"]}"#
        var results: [String] = []
        for round in 0..<3 {
            let folder = try sampleFolder()
            try run(["find", folder.path, "-exec", "touch", "-d", "2020-01-0\(round + 1)", "{}", "+"])
            setenv("TZ", ["UTC", "Asia/Kathmandu", "America/Lima"][round], 1)
            let mask = umask([0o022, 0o077, 0o002][round])
            defer { umask(mask) }
            let outputs = try await perform(
                "container.build", arguments, in: folder.path, environment: ["SOURCE_DATE_EPOCH": "1700000000"])
            let files = try run(
                [
                    "sh", "-c",
                    "find image image.tar -type f | sort | xargs sha256sum; find image -printf '%m %p\\n' | sort",
                ],
                in: folder.path)
            results.append((outputs["digest"]?.stringValue ?? "") + files.text)
        }
        unsetenv("TZ")
        #expect(results[0].contains("oci-layout"))
        #expect(results[0] == results[1])
        #expect(results[0] == results[2])
    }

    @Test func aCancelledBuildLeavesNothing() async throws {
        let folder = try sampleFolder()
        // Zeros without end, as far as the test can tell.
        try folder.write("dist/big", "")
        #expect(truncate(folder.path + "/dist/big", 2 << 30) == 0)
        try folder.write("out/.keep", "")
        let path = folder.path
        let build = Task {
            try await perform(
                "container.build",
                #"{"layers":[{"files":[{"from":"dist","to":"d"}]}],"output":["oci:out/image","docker-archive:out/image.tar"]}"#,
                in: path)
        }
        // Its staging folder is the sign that it works.
        #expect(try await eventually { try run(["ls", "-A", path + "/out"]).text != ".keep\n" })
        build.cancel()
        await #expect(throws: CancellationError.self) { try await build.value }
        #expect(try run(["ls", "-A", path + "/out"]).text == ".keep\n")
    }

    @Test func aBaseIsKeptAsItIs() async throws {
        let folder = try sampleFolder()
        _ = try await perform(
            "container.build",
            #"{"platform":"linux/arm64","layers":[{"files":[{"from":"site","to":"srv/www"}]}],"config":\#(fullConfig),"output":"oci:base"}"#,
            in: folder.path)
        let outputs = try await perform(
            "container.build",
            #"{"base":"oci:base","platform":"linux/arm64","layers":[{"files":[{"from":"dist/app","to":"app"}]}],"config":{"entrypoint":["/new"],"env":{"PATH":"/usr/bin","MORE":"x"}},"output":"oci:derived"}"#,
            in: folder.path, environment: ["SOURCE_DATE_EPOCH": "1700000000"])
        let base = Value.map(try await config(folder.path + "/base").root)
        let derived = Value.map(try await config(folder.path + "/derived").root)
        #expect(derived["config"]?["Entrypoint"] == .list([.string("/new")]))
        #expect(derived["config"]?["Cmd"] == nil)
        #expect(
            derived["config"]?["Env"] == .list([.string("PATH=/usr/bin"), .string("LANG=C.UTF-8"), .string("MORE=x")]))
        #expect(derived["config"]?["Healthcheck"] == base["config"]?["Healthcheck"])
        #expect(derived["created"] == .string("2023-11-14T22:13:20Z"))
        let history = derived["history"]?.listValue ?? []
        #expect(Array(history.prefix(2)) == base["history"]?.listValue)
        #expect(history.count == 4)
        #expect(derived["rootfs"]?["diff_ids"]?.listValue?.count == 2)
        #expect(outputs["reference"]?.stringValue?.hasPrefix("oci:\(folder.path)/derived@sha256:") == true)
        #expect(try ImageSchemas.problems(of: folder.path + "/derived") == "")
        let wrong = await #expect(throws: OpsError.self) {
            try await perform(
                "container.build", #"{"base":"oci:base","platform":"linux/amd64","output":"oci:x"}"#, in: folder.path)
        }
        #expect(wrong?.code == .mismatch)
        #expect(!folder.exists("x"))
    }

    @Test func unknownMembersAndSpellingsOfABaseStay() async throws {
        let folder = try sampleFolder()
        let base = try LayoutWriter(folder.path + "/base")
        let text =
            #"{"os":"linux","architecture":"amd64","zeta":[1.50,{"deep":null}],"config":{"OnBuild":["X"],"Shell":["/bin/zsh"],"Cmd":["a"]},"rootfs":{"type":"layers","diff_ids":[]},"alpha":"é\/"}"#
        let description = try base.add(Array(text.utf8), mediaType: MediaType.dockerConfig)
        let manifest = Manifest(config: description, layers: [], annotations: [:])
        try base.commit(try base.add(manifest.document.bytes, mediaType: MediaType.manifest), tag: nil)
        _ = try await perform(
            "container.build",
            #"{"base":"oci:base","platform":"linux/amd64","config":{"user":"1"},"output":"oci:derived"}"#,
            in: folder.path)
        let json = String(decoding: try await config(folder.path + "/derived").bytes, as: UTF8.self)
        #expect(
            json.hasPrefix(
                #"{"os":"linux","architecture":"amd64","zeta":[1.50,{"deep":null}],"config":{"OnBuild":["X"],"Shell":["/bin/zsh"],"Cmd":["a"],"User":"1"},"#
            ))
        #expect(json.contains(#""alpha":"é/""#))
    }

    @Test func aBaseThatIsDamagedIsNotUsed() async throws {
        let folder = try sampleFolder()
        _ = try await perform("container.build", #"{"layers":\#(layers),"output":"oci:base"}"#, in: folder.path)
        let image = LayoutImage(ImageLayout(path: folder.path + "/base"), .only)
        let layer = try Manifest(try await image.root()).layers[0]
        let file = image.layout.file(layer.digest)
        var bytes = try readAll(file)
        bytes[bytes.count / 2] ^= 1
        try folder.write(String(file.dropFirst(folder.path.count + 1)), bytes)
        let error = await #expect(throws: OpsError.self) {
            try await perform("container.build", #"{"base":"oci:base","output":"oci:derived"}"#, in: folder.path)
        }
        #expect(error?.code == .mismatch)
        #expect(try run(["ls", "-A", folder.path]).text == "base\ndist\nsite\n")
    }

    @Test(arguments: [
        (#"{"output":[]}"#, "'output' of container.build: the list is empty"),
        (#"{"output":"image"}"#, "'output' of container.build: an image cannot be written to 'image'"),
        (#"{"output":"oci:x","base":"docker-archive:y"}"#, "an image in a Docker archive cannot be a base"),
        (#"{"output":"oci:x","platform":"linux"}"#, "'linux' is not a platform"),
        (#"{"output":"oci:x","config":{"ports":["x"]}}"#, "'x' is not a port"),
        (#"{"output":"oci:x","config":{"workdir":"srv"}}"#, "'workdir' of config: 'srv' is not absolute"),
        (#"{"output":"oci:x","config":{"env":{"A=B":"c"}}}"#, "'A=B' is not a variable's name"),
        (#"{"output":"oci:x","username":"u"}"#, "'username' of container.build: there is no 'password' to it"),
        (#"{"output":"oci:x","layers":[{"files":[{"from":"nothing"}]}]}"#, "nothing"),
        (#"{"output":"oci:site"}"#, "is not an OCI image layout"),
        (#"{"output":"oci:x","base":"oci:site"}"#, "is not an OCI image layout"),
    ])
    func saysWhatIsWrong(_ json: String, _ expected: String) async throws {
        let folder = try sampleFolder()
        let error = await #expect(throws: OpsError.self) {
            try await perform("container.build", json, in: folder.path)
        }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        #expect(try run(["ls", "-A", folder.path]).text == "dist\nsite\n")
    }

    @Test func aPlanSaysWhatWillBeDoneAndDoesNothing() async throws {
        let folder = try sampleFolder()
        let plan = try await plan(
            "container.build",
            #"{"base":"registry.example.com/base:1","layers":\#(layers),"output":["oci:out/image:v1","docker-archive:x.tar"]}"#,
            in: folder.path)
        #expect(
            plan.effects == [
                Effect(.fetch, "registry.example.com/base:1", detail: "base image"),
                Effect(.read, "dist/app", detail: "1 file, 21 B"), Effect(.read, "site", detail: "2 files, 15 B"),
                Effect(.write, "\(folder.path)/out/image", detail: "OCI image layout, tag v1"),
                Effect(.write, "\(folder.path)/x.tar", detail: "Docker archive"),
            ])
        #expect(try run(["ls", "-A", folder.path]).text == "dist\nsite\n")
    }
}

extension String {
    /// Without white space at its ends.
    var trimmed: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text.drop { $0.isWhitespace })
    }
}
