import OpsCore
import OpsPlugin

/// Actions as the design's example uses them, that do nothing.
struct FakeAction: Action {
    let declaration: ActionDeclaration

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan { ActionPlan() }
    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] { [:] }
}

struct FakeProvider: SecretProvider {
    let scheme: String
    var summary: String { "Values of \(scheme)" }
    var example: String { "\(scheme)://NAME" }

    func check(_ reference: SecretReference) throws(OpsError) {}
    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }
    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        []
    }
    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        .success(SecretProbe(""))
    }
}

enum FakeCatalog {
    static func make() throws -> PluginCatalog {
        try PluginCatalog([
            Plugin(name: "shell", summary: "Scripts and commands", actions: [FakeAction(declaration: run)]),
            Plugin(
                name: "archive", summary: "Archives",
                actions: [FakeAction(declaration: create), FakeAction(declaration: list)]),
            Plugin(
                name: "container", summary: "Images",
                actions: [FakeAction(declaration: build), FakeAction(declaration: push)]),
            Plugin(name: "http", summary: "Requests", actions: [FakeAction(declaration: request)]),
            Plugin(name: "notify", summary: "Messages", actions: [FakeAction(declaration: slack)]),
            Plugin(
                name: "secrets", summary: "Secrets",
                secretProviders: ["env", "exec", "file", "vault"].map { FakeProvider(scheme: $0) }),
        ])
    }

    static let run = ActionDeclaration(
        name: "run", summary: "Runs a script or a command",
        parameters: [Parameter("command", .any, "The script or command", required: true)], shorthand: "command")

    private static let files = ParameterType.list(
        .record([
            Parameter("from", .path(.read), "The file or folder", required: true),
            Parameter("to", .string, "Its name inside"),
            Parameter("mode", .mode, "Its permissions"),
            Parameter("exclude", .list(.glob), "What is left out"),
        ]))

    static let create = ActionDeclaration(
        name: "archive.create", summary: "Makes an archive",
        parameters: [
            Parameter("output", .path(.write), "The archive", required: true),
            Parameter("files", files, "What goes in", required: true),
            Parameter("format", .choice(["tar", "zip"]), "The format"),
            Parameter("level", .integer, "How hard to compress", default: .integer(6)),
        ],
        outputs: [OutputDeclaration("sha256", .string, "The archive's digest")])

    static let list = ActionDeclaration(
        name: "archive.list", summary: "Lists an archive",
        parameters: [Parameter("archive", .path(.read), "The archive", required: true)], shorthand: "archive",
        outputs: [OutputDeclaration("entries", .list(.string), "The names")])

    static let build = ActionDeclaration(
        name: "container.build", summary: "Builds an image",
        parameters: [
            Parameter("base", .string, "The base image", required: true),
            Parameter("platform", .string, "OS/ARCH"),
            Parameter("layers", .list(.record([Parameter("files", files, "Its files")])), "The layers"),
            Parameter(
                "config", .record([Parameter("entrypoint", .oneOrMore(.string), "The command")]), "The configuration"),
            Parameter("output", .oneOrMore(.string), "Where it goes", required: true),
        ],
        outputs: [
            OutputDeclaration("reference", .string, "The image"), OutputDeclaration("digest", .string, "Its digest"),
        ])

    static let push = ActionDeclaration(
        name: "container.push", summary: "Pushes images",
        parameters: [
            Parameter("images", .oneOrMore(.string), "The images", required: true),
            Parameter("tags", .list(.string), "The names", required: true),
            Parameter("password", .string, "The registry's password", secret: true),
            Parameter("insecure", .boolean, "Plain HTTP", default: .boolean(false)),
        ],
        outputs: [OutputDeclaration("digest", .string, "What was pushed")])

    static let request = ActionDeclaration(
        name: "http.request", summary: "Sends a request",
        parameters: [
            Parameter("url", .string, "The URL", required: true),
            Parameter("headers", .map(.string), "Headers", secret: true),
            Parameter("expect", .record([Parameter("status", .oneOrMore(.integer), "The status")]), "What is right"),
            Parameter("until", .duration, "How long to try"),
            Parameter("limit", .size, "The most that is read"),
        ],
        outputs: [OutputDeclaration("status", .integer, "The status")])

    static let slack = ActionDeclaration(
        name: "notify.slack", summary: "Posts to Slack",
        parameters: [
            Parameter("webhook", .string, "The webhook", required: true, secret: true),
            Parameter("text", .string, "The message", required: true),
        ])
}
