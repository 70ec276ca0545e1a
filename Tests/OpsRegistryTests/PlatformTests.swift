import OpsCore
import OpsRegistry
import Testing

@Suite struct PlatformTests {
    @Test(arguments: [
        ("linux/amd64", "linux/amd64"), ("linux/x86_64", "linux/amd64"), ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"), ("linux/arm", "linux/arm/v7"), ("linux/arm/v6", "linux/arm/v6"),
        ("linux/amd64/v3", "linux/amd64/v3"), ("linux/amd64/v1", "linux/amd64"),
    ])
    func reads(_ text: String, _ expected: String) throws { #expect(try Platform(text).description == expected) }

    @Test(arguments: ["", "linux", "linux/", "/amd64", "linux/amd64/v1/x", "Linux/amd64", "linux/am d"])
    func rejects(_ text: String) { #expect(throws: OpsError.self) { try Platform(text) } }

    @Test func theFirstMatchWinsAndAttestationsAreSkipped() throws {
        func entry(_ platform: String?, _ number: Int) throws -> String {
            let digest = Digest.sha256(of: [UInt8(number)])
            let text = platform.map { ",\"platform\":\($0)" } ?? ""
            return "{\"mediaType\":\"\(MediaType.manifest)\",\"digest\":\"\(digest)\",\"size\":\(number)\(text)}"
        }
        let items = try [
            entry("{\"os\":\"unknown\",\"architecture\":\"unknown\"}", 1),
            entry("{\"os\":\"windows\",\"architecture\":\"amd64\",\"os.version\":\"10\"}", 2),
            entry("{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}", 3),
            entry("{\"os\":\"linux\",\"architecture\":\"amd64\"}", 4),
            entry("{\"os\":\"linux\",\"architecture\":\"amd64\"}", 5),
            entry("{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v6\"}", 6),
            entry(nil, 7),
        ]
        let text = "{\"schemaVersion\":2,\"manifests\":[\(items.joined(separator: ","))]}"
        let index = try ImageIndex(
            ManifestDocument(bytes: Array(text.utf8), servedAs: nil, expected: nil, name: "it"))
        #expect(index.manifest(for: try Platform("linux/amd64"))?.size == 4)
        #expect(index.manifest(for: try Platform("linux/arm64"))?.size == 3)
        #expect(index.manifest(for: try Platform("linux/arm/v6"))?.size == 6)
        #expect(index.manifest(for: try Platform("linux/arm/v7")) == nil)
        #expect(index.manifest(for: try Platform("linux/riscv64")) == nil)
        #expect(index.platforms.count == 5)
        #expect(index.manifests[1].value["platform"]?["os.version"] == .string("10"))
    }
}
