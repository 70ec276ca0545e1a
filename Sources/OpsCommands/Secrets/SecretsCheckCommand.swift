import ArgumentParser
import Logging
import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import OpsReport
import OrderedCollections

/// `ops secrets check`: whether each reference can be fetched, without showing a value.
struct SecretsCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say of each secret whether it could be fetched, without showing it.",
        discussion: """
            All are asked at a time, with one login for each source, and without reading a value where the source \
            allows that. Of each secret those references are asked that a run would ask. Exit status 1 where one that \
            is not optional could not be fetched.
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Fetch each value as well, which checks fields and encodings; it is shown nowhere.") var deep = false
    @Option(help: "text, or json.") var format: OutputFormat = .text

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try global.session()
            let style = try global.style(session.context)
            let inquiry = SecretInquiry(session)
            let answers = await inquiry.ask(session.recipe.allSecrets, deep ? .all : .none)
            let left = await inquiry.end()
            let rows = answers.flatMap { answer in
                answer.findings.map { Row($0, of: answer.secret, masking: inquiry.registry) }
            }
            if format == .json {
                try Console.output(JSONWriter.text(.list(rows.map(\.json)), indentation: 2) + "\n")
            } else if rows.isEmpty {
                try Console.output("\(session.recipe.file) names no secrets.\n")
            } else {
                var table = TableText(width: style.width)
                for row in rows { table.row(row.cells(style)) }
                try Console.output(table.text)
            }
            inquiry.warn(of: left)
            if !answers.allSatisfy(\.isFine) { throw ExitCode(1) }
        }
    }
}

/// What is shown of one reference.
private struct Row {
    /// What runs out sooner is `expiring`.
    private static let soon: Double = 30 * 86_400

    let name: String
    let reference: String
    let state: String
    let text: String
    var version: String?
    var expires: Double?

    init(_ finding: SecretFinding, of secret: NamedSecret, masking registry: SecretRegistry) {
        name = secret.name
        reference = finding.reference.description
        if let failure = finding.failure {
            state = failure.reason == .forbidden ? "denied" : failure.reason.rawValue
            text = registry.redact(failure.hint.map { "\(failure.message) (\($0))" } ?? failure.message)
            return
        }
        guard case .success(let probe) = finding.probe else {
            state = "invalid"
            text = ""
            return
        }
        version = probe.version
        expires = probe.expires
        var words = [registry.redact(probe.text)]
        if finding.value != nil { words.append("fetched") }
        if let warning = finding.warning { words.append("warning: \(warning)") }
        let left = probe.expires.map { $0 - Timestamp.now } ?? .infinity
        if left <= 0 {
            state = "expired"
            words.append("expired \(Self.age(-left)) ago")
        } else if left < Self.soon {
            state = "expiring"
            words.append("expires in \(Self.age(left))")
        } else {
            state = "reachable"
        }
        text = words.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    /// In whole days, or in hours and minutes where there are less than two.
    private static func age(_ seconds: Double) -> String {
        if seconds >= 2 * 86_400 { return "\(Int(seconds / 86_400))d" }
        return seconds >= 3600 ? "\(Int(seconds / 3600))h" : "\(Int(seconds / 60))m"
    }

    func cells(_ style: Style) -> [String] {
        let mark =
            state == "reachable"
            ? style.paint(style.unicode ? "✓" : "ok", .green) : style.paint(state, .yellow)
        return [mark, style.paint(name, .bold), reference, text]
    }

    var json: Value {
        .map([
            "name": .string(name), "reference": .string(reference), "state": .string(state), "detail": .string(text),
            "version": version.map { .string($0) } ?? .null,
            "expires": expires.map { .string(Timestamp.iso8601($0)) } ?? .null,
        ])
    }
}

extension SecretInquiry {
    init(_ session: RecipeSession) {
        // What a provider says beside its answer is told by 'ops run'.
        let logger = Logger(label: "ops.secrets") { _ in SwiftLogNoOpLogHandler() }
        self.init(catalog: session.catalog, environment: session.context.environment, logger: logger)
    }

    /// Tells what was made on the way and could not be taken back.
    func warn(of left: [(debt: SecretDebt, failure: SecretFailure)]) {
        for (debt, failure) in left {
            Console.error(
                "ops: warning: \(debt.scheme) \(debt.id) could not be taken back: \(registry.redact(failure.message))\n"
            )
        }
    }
}
