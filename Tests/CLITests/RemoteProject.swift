import Glibc
import OpsCore
import TestKit

/// A project that includes one recipe of others as `ci`.
struct RemoteProject {
    let ops: OpsProgram
    var environment: [String: String?] = [:]

    init(from reference: String) throws {
        ops = try OpsProgram("ops: 1\ninclude:\n  ci: \(reference)\ntasks: { t: { run: echo own } }\n")
    }

    /// The cache of trees.
    var cache: String { ops.project + "/../home/.cache/ops/trees" }

    func callAsFunction(_ words: String...) throws -> CommandResult { try ops.run(words, environment: environment) }

    /// Locks, trusting what is shown; returns what the last command did.
    @discardableResult
    func lock(_ words: String...) throws -> CommandResult {
        var command = ["lock"] + words
        for _ in 0..<4 {
            let result = try ops.run(command, environment: environment)
            let digests = Self.asked(result)
            if digests.isEmpty { return result }
            for digest in digests { command += ["--accept", digest] }
        }
        throw OpsError(.mismatch, "it goes on asking")
    }

    /// The digests that a command asked to trust.
    static func asked(_ result: CommandResult) -> [String] {
        result.errorText.matches(of: /--accept (sha256:[0-9a-f]{64})/).map { String($0.output.1) }
    }

    /// Changes one byte of a file of the only tree in a folder.
    func flip(_ file: String, in trees: String) throws {
        let found = try run(["find", trees, "-path", "*/\(file)", "-type", "f"]).text
        let path = String(found.prefix { !$0.isNewline })
        var bytes = try readAll(path)
        guard !bytes.isEmpty else { throw OpsError(.notFound, "no \(file) in \(trees)") }
        bytes[0] ^= 1
        let descriptor = open(path, O_WRONLY | O_TRUNC)
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw OpsError(.system, path) }
    }
}
