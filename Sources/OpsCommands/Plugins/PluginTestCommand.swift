import ArgumentParser
import Glibc
import OpsCore
import OpsEngine
import OpsPlugin
import OpsPluginHost
import OpsReport
import OpsSystem
import OrderedCollections

/// `ops plugin test`: the conformance kit.
struct PluginTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Check a plugin against every rule of the protocol.",
        discussion: """
            Starts its program some dozen times: plans and applies the examples of plugin.yaml in empty folders, and \
            misbehaves on purpose. What 'apply' does to the world beyond its folder it does. The rules are in \
            ops-plugin(7). The exit status is 1 where one is broken.
            """)

    @Argument(help: ArgumentHelp("The plugin's folder.", valueName: "folder"), completion: .directory)
    var folder: String
    @Option(help: "text, or json.") var format: OutputFormat = .text
    @Option(help: ArgumentHelp("How long a call may take to end once it should.", valueName: "duration"))
    var limit = "20s"
    @Option(help: ArgumentHelp("Run this check only; may be repeated.", valueName: "id")) var check: [String] = []
    @Option(name: RunOption.directory.names, help: RunOption.directory.valueHelp, completion: .directory)
    var directory: String?

    mutating func run() async throws {
        let format = format
        var isGood = true
        try await CommandLineTool.finish {
            let context = CommandContext.current()
            guard let limit = Duration.parse(limit), limit > .zero else {
                throw OpsError(.usage, "--limit is '\(self.limit)'", hint: "write a duration such as 20s")
            }
            var base = context.directory
            if let directory { base = directory.hasPrefix("/") ? directory : base + "/" + directory }
            guard let path = realPath(folder.hasPrefix("/") ? folder : base + "/" + folder) else {
                throw OpsError(.notFound, "there is no folder '\(folder)'")
            }
            let checks = try Self.checks(check)
            let search = PluginSearch(
                project: nil, environment: context.environment, program: nil, directory: base)
            let plugin = try search.read(path, in: .project)
            let temporary = try Self.makeFolder(context.environment)
            defer { try? removeTree(temporary) }
            let report = try await ConformanceReport.make(
                of: plugin, environment: context.environment, temporary: temporary, limit: limit, checks: checks)
            let style = context.style(.auto, isTerminal: context.isOutputTerminal)
            try Console.output(
                format == .json
                    ? JSONWriter.text(Self.json(report, path), indentation: 2) + "\n" : Self.text(report, style: style))
            isGood = report.isGood
        }
        if !isGood { throw ExitCode(1) }
    }

    /// Those of the names, and the first, without which nothing can be asked; all where none is named.
    private static func checks(_ names: [String]) throws(OpsError) -> [ConformanceCheck] {
        let all = ConformanceCheck.all
        for name in names where !all.contains(where: { $0.id == name }) {
            let near = nearestName(to: name, among: all.map(\.id)).map { "did you mean '\($0)'?" }
            throw OpsError(.usage, "there is no check '\(name)'", hint: near ?? "ops-plugin(7) lists them")
        }
        return names.isEmpty ? all : all.filter { $0.id == ConformanceCheck.programCheck || names.contains($0.id) }
    }

    private static func makeFolder(_ environment: [String: String]) throws(OpsError) -> String {
        let base = environment["TMPDIR"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        var path = Array("\(base)/ops-plugin-test-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else { throw OpsError.system("make a folder in", base) }
        return String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func text(_ report: ConformanceReport, style: Style) -> String {
        var table = TableText(width: style.width)
        var counts: [String: Int] = [:]
        for (check, outcome) in report.results {
            let mark: String
            switch outcome {
            case .passed: mark = style.mark(.succeeded)
            case .failed: mark = style.mark(.failed)
            case .skipped: mark = style.mark(.skipped)
            }
            counts[outcome.word, default: 0] += 1
            // Words of a program that nobody knows: no line ends and no control characters.
            let seen = String(String.UnicodeScalarView(outcome.seen.unicodeScalars.map { $0.value < 32 ? " " : $0 }))
            table.row([mark, check.rules.joined(separator: " "), check.title, seen])
            if let hint = outcome.hint { table.row(["", "", "", style.paint("hint: \(hint)", .dim)]) }
        }
        let words = ["passed", "failed", "skipped"].compactMap { word in counts[word].map { "\($0) \(word)" } }
        return "\(style.paint(report.plugin, .bold)) \(report.version)\n\(table.text)"
            + "\(report.results.count) checks: \(words.joined(separator: ", "))\n"
    }

    private static func json(_ report: ConformanceReport, _ folder: String) -> Value {
        let checks = report.results.map { check, outcome -> Value in
            var members: ValueMap = [
                "id": .string(check.id), "rules": .list(check.rules.map { .string($0) }),
                "title": .string(check.title), "outcome": .string(outcome.word), "seen": .string(outcome.seen),
            ]
            members["hint"] = outcome.hint.map { .string($0) }
            return .map(members)
        }
        return .map([
            "plugin": .string(report.plugin), "version": .string(report.version), "folder": .string(folder),
            "passed": .boolean(report.isGood), "checks": .list(checks),
        ])
    }
}

extension ConformanceOutcome {
    fileprivate var word: String {
        switch self {
        case .passed: "passed"
        case .failed: "failed"
        case .skipped: "skipped"
        }
    }

    fileprivate var seen: String {
        switch self {
        case .passed(let text), .failed(let text, _), .skipped(let text): text
        }
    }

    fileprivate var hint: String? { if case .failed(_, let hint) = self { hint } else { nil } }
}
