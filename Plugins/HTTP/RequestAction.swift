import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem
import OrderedCollections

/// `http.request`.
struct RequestAction: Action {
    var declaration: ActionDeclaration { Self.requestDeclaration }

    /// More of a body is not kept in memory.
    static let bodyLimit = 1 << 20

    private let service: @Sendable () -> HTTPService

    /// - Parameter service: called by the first request, so that a plan opens nothing.
    init(service: @escaping @Sendable () -> HTTPService = { HTTPService.shared }) { self.service = service }

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        let method = arguments.plannedString("method") ?? "GET"
        var target = method + " <" + (arguments["url"].firstUnknown?.source ?? "unknown") + ">"
        if let text = arguments.plannedString("url") {
            target = method + " " + (try Self.url(text, arguments)).display
        }
        if !arguments.containsUnknownExpectation { _ = try Expectation(arguments) }
        try Self.checkCombination(arguments)
        let until = arguments.plannedString("until").map { "until as expected, at most \($0)" }
        var plan = ActionPlan(effects: [Effect(.request, target, detail: until)])
        if arguments.has("output") {
            plan.effects.append(Effect(.write, arguments.plannedString("output") ?? "<output>"))
            plan.outputs["body"] = .null
        }
        return plan
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        try Self.checkCombination(arguments)
        let request = try Self.request(arguments)
        let exchange = Exchange(
            service: service(), request: request, expectation: try Expectation(arguments),
            output: try arguments.optionalString("output").map(context.absolute),
            timeout: try arguments.duration("timeout"), context: context)
        guard let limit = try arguments.optionalDuration("until") else { return try await exchange.perform() }
        return try await exchange.repeated(until: limit, interval: try arguments.duration("interval"))
    }

    private static func url(_ text: String, _ arguments: Arguments) throws(OpsError) -> URLParts {
        do throws(OpsError) {
            return try URLParts(text)
        } catch {
            throw arguments.error("url", error.message, hint: error.hint)
        }
    }

    /// What one parameter's own declaration cannot say.
    private static func checkCombination(_ arguments: Arguments) throws(OpsError) {
        if arguments.has("body"), arguments.has("json") {
            throw arguments.error("json", "cannot stand beside 'body'", hint: "a request has one body")
        }
        if arguments["json"].containsSecret {
            throw arguments.error("json", "cannot hold a secret", hint: "give the JSON text as 'body'")
        }
        if arguments.has("output"), arguments["expect"]["body-contains"].map({ !$0.isNull }) ?? false {
            throw arguments.error(
                "output", "cannot stand beside 'body-contains'", hint: "check the file in a step of its own")
        }
        if let follow = arguments["follow"].integerValue, !(0...50).contains(follow) {
            throw arguments.error("follow", "must be from 0 to 50")
        }
    }

    private static func request(_ arguments: Arguments) throws(OpsError) -> HTTPRequest {
        let follow = try arguments.integer("follow")
        var request = HTTPRequest(
            try arguments.string("method"), try url(try arguments.string("url"), arguments),
            redirects: follow == 0 ? .none : .follow(follow))
        for (name, value) in try arguments.map("headers") {
            request.headers.append((name, try text(value, "headers.\(name)", arguments)))
        }
        if arguments.has("json") {
            request.body = .bytes(Array(JSONWriter.text(arguments["json"]).utf8))
            if request.header("content-type") == nil { request.set("Content-Type", "application/json") }
        } else if let body = try arguments.optionalSecret("body") {
            request.body = .bytes(body.reveal() ?? [])
            request.isBodyPrivate = !body.names.isEmpty
        }
        return request
    }

    private static func text(_ value: Value, _ name: String, _ arguments: Arguments) throws(OpsError) -> String {
        if case .secret(let secret) = value {
            guard let text = secret.revealText() else { throw arguments.error(name, "the secret is not text") }
            return text
        }
        guard let text = value.scalarText else { throw arguments.error(name, "needs text, got \(value.type)") }
        return text
    }
}

extension Arguments {
    fileprivate var containsUnknownExpectation: Bool { isUnknown("expect") }
}
