import OpsCore
import OpsPlugin
import OpsSystem

/// The program `op`, which logs in as a service account or through the desktop application.
struct OnePasswordProgram: Sendable {
    let context: SecretContext

    /// What `op read` prints.
    func read(_ address: OnePasswordAddress) async throws(SecretFailure) -> [UInt8] {
        let text = address.text
        // A code of an earlier half minute is of no use.
        if address.aspect == .oneTimePassword { return try await run(["read", "--no-newline", text], address) }
        return try await context.session.once("op:" + text) { () async throws(SecretFailure) -> [UInt8] in
            try await run(["read", "--no-newline", text], address)
        }
    }

    /// The item without the values that are concealed.
    func item(_ address: OnePasswordAddress) async throws(SecretFailure) -> OnePasswordItem {
        let words = ["item", "get", address.item, "--vault", address.vault, "--format", "json"]
        guard let value = try? JSONReader.value(try await run(words, address)) else {
            throw SecretFailure(.unreachable, "'op item get' for \(address.place) did not print an item")
        }
        return OnePasswordItem(value)
    }

    private func run(_ words: [String], _ address: OnePasswordAddress) async throws(SecretFailure) -> [UInt8] {
        // People may have to allow it in the desktop application.
        let program = SecretProgram(
            name: "op", arguments: words, environment: context.environment, directory: context.directory,
            limit: .seconds(120),
            installation: "install 1Password's command-line tool, or set OP_CONNECT_HOST and OP_CONNECT_TOKEN")
        let answer = try await program.run()
        if answer.status.isSuccess { return answer.output }
        let said = answer.said.lowercased()
        func holds(_ phrases: String...) -> Bool { phrases.contains { said.contains($0) } }
        let message = "op does not give \(address.place): it ended \(answer.ending)"
        if holds("isn't an item", "isn't a vault", "does not have a field", "isn't a field", "could not find") {
            throw SecretFailure(.missing, message)
        }
        if holds("more than one item", "more than one vault") {
            throw SecretFailure(.invalid, message, hint: "write the identifier of the one that is meant")
        }
        if holds("not currently signed in", "no accounts configured", "unauthorized", "forbidden", "(401)", "(403)") {
            throw SecretFailure(
                .forbidden, message, hint: "set OP_SERVICE_ACCOUNT_TOKEN, or sign in with: op signin")
        }
        throw SecretFailure(.unreachable, message)
    }
}
