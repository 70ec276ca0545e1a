import OpsCore
import OpsRegistry
import Testing

private let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

@Suite struct ImageLocationTests {
    @Test func reads() throws {
        #expect(try ImageLocation("scratch") == .scratch)
        #expect(try ImageLocation("oci:dist/image") == .layout(path: "dist/image", .only))
        #expect(try ImageLocation("oci:dist/image:v1.2") == .layout(path: "dist/image", .tag(Tag("v1.2"))))
        #expect(try ImageLocation("oci:/a:b@c@\(digest)") == .layout(path: "/a:b@c", .digest(Digest(digest))))
        #expect(try ImageLocation("docker-archive:x.tar") == .dockerArchive(path: "x.tar", nil))
        #expect(
            try ImageLocation("docker-archive:x.tar:localhost:5000/a/b:1")
                == .dockerArchive(path: "x.tar", ImageReference("localhost:5000/a/b:1")))
        #expect(try ImageLocation("debian:12") == .registry(ImageReference("debian:12")))
    }

    @Test(arguments: [
        "oci:", "oci::tag", "oci:x:", "oci:x:a b", "oci:@\(digest)", "oci:x@sha256:1", "docker-archive:",
        "docker-archive:x:", "docker://debian", "dir:x", "oci-archive:x", "", "Scratch:x y",
    ])
    func rejects(_ text: String) { #expect(throws: OpsError.self) { try ImageLocation(text) } }
}
