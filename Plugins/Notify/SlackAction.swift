import Logging
import OpsCore
import OpsHTTP
import OpsPlugin

/// `notify.slack`: a message through a Slack incoming webhook.
///
/// The webhook's URL is the only credential, so no message or log line ever holds any of it.
struct SlackAction: Action {
    private let service: @Sendable () -> HTTPService
    private let retryDelay: Duration

    /// - Parameter service: called by the first request, so that a plan opens nothing.
    init(
        service: @escaping @Sendable () -> HTTPService = { HTTPService.shared }, retryDelay: Duration = .seconds(1)
    ) {
        self.service = service
        self.retryDelay = retryDelay
    }

    var declaration: ActionDeclaration {
        ActionDeclaration(
            name: "notify.slack", summary: "Post a message to Slack through an incoming webhook",
            description: """
                Posts the text to the channel that the webhook belongs to, and fails unless Slack takes it. The text is \
                shown as it is written, with Slack's own emphasis such as *bold*; `markup: true` also allows links and \
                mentions (`<https://example.com|text>`, `<!channel>`), which other people's words should not bring in. \
                A rate limit or an error of the service is waited out for up to half a minute.
                """,
            parameters: [
                Parameter(
                    "webhook", .string, "The URL of the incoming webhook", required: true, secret: true,
                    example: .string("${{ secrets.slack }}")),
                Parameter("text", .string, "The message", required: true, example: .string("Released 1.2.3")),
                Parameter("markup", .boolean, "Allow links and mentions in the text", default: .boolean(false)),
            ],
            examples: [
                ActionExample(
                    "Announce a release",
                    """
                    notify.slack: { webhook: "${{ secrets.slack }}", text: "Released ${{ inputs.version }}" }
                    """)
            ])
    }

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        if let text = arguments.plannedString("text") { try Self.check(text, arguments) }
        let line = arguments.plannedString("text")?.split(whereSeparator: \.isNewline).first
        return ActionPlan(effects: [Effect(.publish, "Slack", detail: line.map { String($0.prefix(80)) })])
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let text = try arguments.string("text")
        try Self.check(text, arguments)
        let isMarkup = try arguments.optionalBoolean("markup") ?? false
        var payload = JSONWriter()
        payload.object { $0.member("text", isMarkup ? text : Self.escaped(text)) }
        let request = HTTPRequest(
            "POST", try Self.url(arguments), headers: [("Content-Type", "application/json")],
            body: .bytes(payload.bytes),
            redirects: .none, label: "Slack", isBodyPrivate: true)
        let response = try await service().send(
            request, timeout: .seconds(15), retry: RetryPolicy(attempts: 4, delay: retryDelay), logger: context.logger)
        let said = await response.excerpt(limit: 100)
        guard response.status == 200, said == "ok" else { throw Self.failure(response, said) }
        context.logger.info("posted to Slack")
        return [:]
    }

    /// Slack's three control characters as entities, so that text cannot become a link or a mention.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private static func check(_ text: String, _ arguments: Arguments) throws(OpsError) {
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw arguments.error("text", "is empty; Slack takes no empty message")
        }
    }

    private static func url(_ arguments: Arguments) throws(OpsError) -> URLParts {
        guard let text = try arguments.optionalSecret("webhook")?.revealText() else {
            throw arguments.error("webhook", "is not text")
        }
        let hint = "it looks like https://hooks.slack.com/services/…"
        let url: URLParts
        do throws(OpsError) {
            url = try URLParts(text)
        } catch {
            throw arguments.error("webhook", "is not the URL of a webhook", hint: hint)
        }
        guard url.isSecure || url.isLoopback else {
            throw arguments.error("webhook", "would be sent without TLS", hint: hint)
        }
        return url
    }

    /// What Slack's refusal means; its word is shown only where it is one of its short codes.
    private static func failure(_ response: HTTPResponse, _ said: String) -> OpsError {
        let isCode =
            (1...60).contains(said.utf8.count) && said.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
        let words = isCode ? "\(response.status) \(said)" : "\(response.status)"
        switch (response.status, said) {
        case (200, _):
            return OpsError(
                .mismatch, "what answered for Slack is not Slack",
                hint: "a proxy may stand between; is the webhook's host right?")
        case (300..<400, _): return OpsError(.mismatch, "Slack redirects, and a webhook is not sent on (\(words))")
        case (_, "no_service"), (_, "no_active_hooks"), (_, "invalid_token"), (_, "no_team"), (404, _):
            return OpsError(
                .notFound, "Slack does not know this webhook (\(words))",
                hint: "it was revoked, or is not whole; make a new one")
        case (_, "channel_is_archived"), (_, "channel_not_found"):
            return OpsError(.notFound, "the webhook's channel is archived or gone (\(words))")
        case (403, _): return OpsError(.forbidden, "Slack does not allow this message (\(words))")
        case (429, _): return OpsError(.unavailable, "Slack's rate limit was reached (\(words))")
        case (500..., _): return OpsError(.unavailable, "Slack answered \(words)")
        default: return OpsError(.mismatch, "Slack did not take the message (\(words))")
        }
    }
}
