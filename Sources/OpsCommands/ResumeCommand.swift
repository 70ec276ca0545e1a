import ArgumentParser
import OpsCore
import OpsEngine

/// `ops resume`, as ArgumentParser sees it. The usual way is `RunArguments(fast:)`.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with a run that failed, was interrupted or died.",
        discussion: """
            The same tasks, inputs and arguments, from any folder: what is finished is not run again. Without a run it \
            is the newest of this recipe that did not end well. Refused where recipe, inputs or git facts have changed.
            """)

    @Argument(
        help: ArgumentHelp("A run, or the start of its name.", valueName: "run"),
        completion: .custom(RunCompletion.runs))
    var words: [String] = []

    @OptionGroup var shared: SharedRunOptions

    var parsed: RunArguments { shared.parsed(words) }

    mutating func run() async throws {
        try await CommandLineTool.finish { try await ResumeAction.perform(parsed, .current()) }
    }
}

extension RunArguments {
    /// True where all options are those of `ops resume`.
    var isForResume: Bool { flags.union(options.keys).isSubset(of: SharedRunOptions.options) }
}

/// What the shell offers where a run is wanted.
enum RunCompletion {
    @Sendable static func runs(_ words: [String], _ index: Int, _ prefix: String) -> [String] {
        guard let state = try? StateDirectory(environment: CommandContext.current().environment),
            let records = try? RunHistory.list(state)
        else { return [] }
        return records.map(\.id).filter { $0.hasPrefix(prefix) }
    }
}
