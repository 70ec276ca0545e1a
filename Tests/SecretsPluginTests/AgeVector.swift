import OpsCore
import TestKit
import Testing

@testable import SecretsPlugin

/// One of C2SP/CCTV's age files with what is expected of it.
struct AgeVector: CustomTestStringConvertible {
    var name: String
    var file: [UInt8]
    /// `success`, or the kind of failure.
    var expectation: String
    /// The SHA-256 digest of the content, in hexadecimal.
    var digest: String?
    var identities: [String]
    var passphrases: [String]
    var isArmored: Bool

    var testDescription: String { name }

    /// All of them, in order of their names; none where the vectors are not at hand.
    static let all: [AgeVector] = {
        guard let folder = vectorsFolder else {
            print("skipped: no age vectors: OPS_TEST_VECTORS is not set and ../shared/vectors is not there")
            return []
        }
        do {
            let unpacked = try TemporaryFolder()
            let result = try run(["python3", "-c", unpacker, folder + "/age", unpacked.path])
            let names = result.text.split(separator: "\n").map(String.init)
            return try names.map { try AgeVector($0, unpacked.read($0)) }
        } catch {
            print("no age vectors: \(error)")
            return []
        }
    }()

    /// Some are packed with zlib behind their first lines.
    private static let unpacker = """
        import os, sys, zlib
        for name in sorted(os.listdir(sys.argv[1])):
            head, body = open(os.path.join(sys.argv[1], name), "rb").read().split(b"\\n\\n", 1)
            if b"compressed: zlib" in head:
                body = zlib.decompress(body)
            open(os.path.join(sys.argv[2], name), "wb").write(head + b"\\n\\n" + body)
            print(name)
        """

    private init(_ name: String, _ bytes: [UInt8]) throws {
        self.name = name
        var fields: [(String, String)] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            guard let colon = line.firstRange(of: ": ") else { break }
            fields.append((String(line[..<colon.lowerBound]), String(line[colon.upperBound...])))
        }
        func values(_ key: String) -> [String] { fields.filter { $0.0 == key }.map(\.1) }
        file = Array(rest)
        expectation = values("expect").first ?? ""
        digest = values("payload").first
        identities = values("identity")
        passphrases = values("passphrase")
        isArmored = !values("armored").isEmpty
    }
}
