import Glibc
import OpsCore
import TestKit
import Testing

/// A copy of what the project's own recipes read, for the built `ops` to work in: what they write stays there.
final class RecipeProject: Sendable {
    let program: OpsProgram
    var folder: String { program.project }

    /// Every recipe of `recipes/`, by name, in order.
    static func recipes() throws -> [String] {
        try need(["ls", projectFolder + "/recipes"]).text.split(separator: "\n").map(String.init)
    }

    init() throws {
        program = try OpsProgram()
        let copied = [
            "recipes", "man", "scripts", "README.md", "LICENSE", "ops.yaml", "Package.swift", "Sources", "Plugins",
        ].map { projectFolder + "/" + $0 }
        try need(["cp", "-R"] + copied + [program.project])
    }

    /// Whatever recipe a test ran here, its runs kept to their plans (promise 1).
    deinit {
        guard access(program.state + "/runs", F_OK) == 0 else { return }
        do {
            let stray = try program.strayFromPlans()
            if !stray.isEmpty { Issue.record("\(stray)") }
        } catch { Issue.record(error) }
    }

    /// Makes the key that `release.yaml` signs with, and returns its lines but for BEGIN and END.
    func makeSigningKey() throws -> [String] {
        try program.write("dist/.keep", "")
        let key = folder + "/dist/signing.key"
        try need(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key])
        return try program.text("dist/signing.key").split(separator: "\n").map(String.init).filter {
            !$0.contains("-----")
        }
    }

    /// Runs a task of a recipe; the test fails here where it fails.
    @discardableResult
    func run(_ words: String..., environment: [String: String?] = [:]) throws -> CommandResult {
        let result = try program.run(["run"] + words, environment: environment)
        guard result.status == 0 else {
            throw OpsError(.command, "ops run \(words): status \(result.status)\n\(result.text)\n\(result.errorText)")
        }
        return result
    }

    /// Names in a folder of the project, in byte order, dot files among them.
    func names(in folder: String) throws -> [String] {
        try need(["ls", "-A", self.folder + "/" + folder], environment: ["LC_ALL": "C"]).text.split(separator: "\n")
            .map(String.init)
    }
}

/// Runs a judge that must be content.
@discardableResult
func need(_ command: [String], in directory: String? = nil, environment: [String: String?] = [:]) throws
    -> CommandResult
{
    let result = try run(command, in: directory, environment: environment)
    guard result.status == 0 else {
        throw OpsError(.command, "\(command): status \(result.status)\n\(result.text)\n\(result.errorText)")
    }
    return result
}
