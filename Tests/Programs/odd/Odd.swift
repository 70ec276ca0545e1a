import Glibc
import Logging
import OpsCore
import OpsPlugin

/// A plugin that prints, waits and handles secrets.
@main
enum Odd: PluginExecutable {
    static let plugin = Plugin(
        name: "odd", summary: "Odd", actions: [PrintAction(), WaitAction(), SecretAction()],
        secretProviders: [OddProvider()])
    static let version = "1.0.0"
}

struct PrintAction: Action {
    let declaration = ActionDeclaration(name: "odd.print", summary: "Print", parameters: [])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan { ActionPlan() }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        print("by print")
        fflush(nil)
        write(1, "by the descriptor\n", 18)
        // Half of é, twice: the pieces are put together.
        for byte in [0xC3, 0xA9] as [UInt8] { [byte].withUnsafeBytes { context.output(.standardOutput, $0) } }
        let large = [UInt8](repeating: 1, count: 200_000)
        large.withUnsafeBytes { context.output(.standardError, $0) }
        return [:]
    }
}

struct WaitAction: Action {
    let declaration = ActionDeclaration(name: "odd.wait", summary: "Wait", parameters: [])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan { ActionPlan() }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        context.logger.notice("waiting", metadata: ["for": "30s"])
        context.logger.debug("not sent")
        do { try await Task.sleep(for: .seconds(30)) } catch {
            try context.write(Array(context.cancellationReason().rawValue.utf8), to: "tidied")
            throw error
        }
        return [:]
    }
}

struct SecretAction: Action {
    let declaration = ActionDeclaration(
        name: "odd.secret", summary: "Use a secret",
        parameters: [Parameter("token", .string, "The token", required: true, secret: true)],
        outputs: [
            OutputDeclaration("length", .integer, "Its length"), OutputDeclaration("session", .secret, "Made of it"),
        ])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        ActionPlan(effects: [Effect(.request, "token: \(arguments["token"].containsSecret)")])
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        guard let token = try arguments.optionalSecret("token"), let bytes = token.reveal() else { return [:] }
        context.mask("session", bytes + [0x21])
        print("\(token)")
        return [
            "length": .integer(bytes.count), "session": .secret(Secret(names: ["session"], bytes: bytes + [0x21])),
        ]
    }
}

struct OddProvider: SecretProvider {
    let scheme = "odd"
    let summary = "Odd"
    let example = "odd://a"

    func check(_ reference: SecretReference) throws(OpsError) {
        if reference.path == "bad" { throw OpsError(.invalid, "no bad ones") }
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func fetch(
        _ references: [SecretReference], _ context: SecretContext
    ) async -> [Result<[UInt8], SecretFailure>] {
        references.map {
            $0.path == "none"
                ? .failure(SecretFailure(.missing, "there is no none")) : .success(Array("value of \($0.path)".utf8))
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        .success(SecretProbe("odd"))
    }
}
