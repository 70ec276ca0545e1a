import Glibc
import OpsCore
import OrderedCollections
import TestKit
import Testing

/// Images that the built program makes on a layout and on a registry's image, as skopeo and umoci see them.
@Suite struct ContainerProgramTests {
    private static let recipe = """
        ops: 1
        inputs: { registry: { type: string } }
        env: { SOURCE_DATE_EPOCH: "1700000000" }
        tasks:
          base:
            container.build:
              layers: [ { files: [ { from: rootfs, to: / } ] } ]
              config:
                cmd: [ serve ]
                env: { LANG: C.UTF-8, KEPT: base }
                user: "65534:65534"
                workdir: /srv
                labels: { vendor: base }
                ports: [ 8080 ]
                volumes: [ /data ]
                healthcheck: { cmd: [ /bin/app, check ], interval: 30s, retries: 3 }
              output: "oci:base"
          derived:
            needs: [ base ]
            container.build:
              base: "oci:base"
              layers: [ { files: [ { from: app, to: /bin/app, mode: "0755" } ] } ]
              config: { entrypoint: [ /bin/app ], env: { LANG: en }, labels: { title: app }, ports: [ 53/udp ] }
              output: "oci:derived"
          push:
            needs: [ derived ]
            container.push:
              images: "${{ needs.derived.outputs.reference }}"
              tags: "${{ inputs.registry }}/team/app:1"
              plain-http: true
          final:
            needs: [ push ]
            container.build:
              base: "${{ inputs.registry }}/team/app:1"
              plain-http: true
              config: { cmd: [ world ] }
              output: [ "oci:final", "docker-archive:final.tar:team/app:1" ]
        """

    private func config(_ image: String, in folder: String) throws -> Value {
        try JSONReader.value(need(["skopeo", "inspect", "--config", image], in: folder).output)
    }

    @Test func basesAreALayoutAndARegistrysImage() throws {
        let registry = try Registry()
        let ops = try OpsProgram(Self.recipe)
        try ops.write("app", "#!/bin/sh\necho \"hello $1\"\n")
        // What a shell needs, and nothing else.
        let root = ops.project + "/rootfs"
        try need(
            [
                "sh", "-c",
                "mkdir -p $0/bin && cp -L /bin/sh $0/bin/ && ldd /bin/sh | grep -o '/[^ ]*' | xargs -I{} cp -L --parents {} $0",
                root,
            ])
        let registryInput = "registry=\(registry.host)"
        let planned = try ops("plan", "final", registryInput)
        #expect(planned.status == 0, "\(planned.errorText)")
        #expect(try registry.requests().isEmpty)
        let result = try ops("run", "final", registryInput)
        #expect(result.status == 0, "\(result.text)\(result.errorText)")

        let derived = try config("oci:derived", in: ops.project)
        let settings = try #require(derived["config"])
        #expect(settings["Entrypoint"] == .list([.string("/bin/app")]))
        #expect(settings["Cmd"] == nil)
        #expect(settings["Env"] == .list([.string("LANG=en"), .string("KEPT=base")]))
        #expect(settings["User"] == .string("65534:65534"))
        #expect(settings["WorkingDir"] == .string("/srv"))
        #expect(settings["Labels"] == .map(["vendor": .string("base"), "title": .string("app")]))
        #expect(settings["ExposedPorts"]?.mapValue?.keys.sorted() == ["53/udp", "8080/tcp"])
        #expect(settings["Volumes"]?.mapValue?.keys.sorted() == ["/data"])
        #expect(derived["created"] == .string("2023-11-14T22:13:20Z"))

        let final = try config("oci:final", in: ops.project)
        #expect(final["config"]?["Entrypoint"] == .list([.string("/bin/app")]))
        #expect(final["config"]?["Cmd"] == .list([.string("world")]))
        #expect(final["rootfs"] == derived["rootfs"])
        #expect(try config("docker-archive:final.tar", in: ops.project)["config"]?["Cmd"] == .list([.string("world")]))
        // skopeo knows nothing of health checks; the bytes do.
        let raw = try need(["sh", "-c", "cat final/blobs/sha256/* | grep -ac '\"Healthcheck\":{'"], in: ops.project)
        #expect(raw.text != "0\n")

        let online = try ops("plan", "--online", "push", registryInput)
        #expect(online.status == 0, "\(online.errorText)")
        let again = try ops("run", "final", registryInput)
        #expect(again.status == 0, "\(again.text)\(again.errorText)")

        try need(["skopeo", "copy", "oci:final", "oci:copy:x"], in: ops.project)
        try need(["umoci", "unpack", "--rootless", "--image", "copy:x", "bundle"], in: ops.project)
        guard getuid() == 0 else {
            print("not tested: the image's program in a chroot (needs root)")
            return
        }
        #expect(try need(["chroot", ops.project + "/bundle/rootfs", "/bin/app", "world"]).text == "hello world\n")
    }
}
