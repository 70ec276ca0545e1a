import ArgumentParser
import Glibc
import OpsCore

/// `ops` from its arguments to its exit status.
package enum CommandLineTool {
    package static let version = "0.1.0"

    /// Runs the command that the words behind `ops` name. The usual run is parsed by a small table, since
    /// ArgumentParser's tree costs more than the whole start; everything else is ArgumentParser's.
    package static func run(_ arguments: [String]) async -> Int32 {
        let words = normalized(arguments)
        if words.count == 2, words[0] == "--generate-completion-script", let shell = CompletionShell(rawValue: words[1])
        {
            return await status { try Console.output(CompletionScript.text(shell)) }
        }
        if words == ["--version"] { return await status { try Console.output("ops \(version)\n") } }
        if words.first == "list", let parsed = RunArguments(fast: Array(words.dropFirst())), parsed.isRecipeOnly {
            let options = parsed.options
            return await status {
                try ListCommand.show(file: options[.file], directory: options[.directory], color: options[.color])
            }
        }
        if words.first == "resume", let parsed = RunArguments(fast: Array(words.dropFirst())), parsed.isForResume {
            return await status { try await ResumeAction.perform(parsed, .current()) }
        }
        if words.first.map({ !rootWords.contains($0) }) ?? true,
            let parsed = RunArguments(fast: words.first == "run" ? Array(words.dropFirst()) : words)
        {
            return await status { try await RunAction.perform(parsed, .current()) }
        }
        // ArgumentParser has no place for a second list of words: what stands behind -- goes round it.
        // Only in what a completion script asks it is ArgumentParser's own.
        let isCompletion = words.first == "---completion"
        let terminator = (isCompletion ? nil : words.firstIndex(of: "--")) ?? words.endIndex
        return await Passthrough.$arguments.withValue(Array(words[terminator...].dropFirst())) {
            await parseAndRun(Array(words[..<terminator]))
        }
    }

    /// True where these words may start a run, which needs a guard: quick, and sure only in the other case.
    package static func isRun(_ arguments: [String]) -> Bool {
        let words = normalized(arguments)
        guard let first = words.first else { return !isDryRun }
        if first == "secrets" { return words.contains("drill") && !words.contains("--help") }
        guard first == "resume" || first != "--version" && !rootWords.contains(first) else { return false }
        let options = arguments.prefix { $0 != "--" }
        return !isDryRun && !options.contains("--dry-run") && !options.contains("--help")
    }

    /// By the option's twin in the environment.
    private static var isDryRun: Bool {
        guard let value = getenv(RunOption.dryRun.twin).map({ String(cString: $0) }) else { return false }
        return value == "1" || value == "true"
    }

    private static func parseAndRun(_ words: [String]) async -> Int32 {
        // ArgumentParser would answer with the help of the whole.
        if words.first == "help", words.count > 1, !commandWords.contains(words[1]) {
            let hint = UnknownName.command(near: words[1]).map { "did you mean '\($0)'?" }
            return await status {
                throw OpsError(.usage, "there is no command '\(words[1])'", hint: hint ?? "'ops help' lists them")
            }
        }
        do {
            let isRun = words.first.map { !rootWords.contains($0) && $0 != "run" } ?? true
            var command = try Ops.parseAsRoot(isRun ? ["run"] + words : words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return 0
        } catch let error as ExitCode {
            return error.rawValue
        } catch {
            let code = Ops.exitCode(for: error)
            let message = Ops.fullMessage(for: error)
            if code.isSuccess {
                return await status { try Console.output(message + "\n") }
            }
            Console.error(Self.explained(message) + "\n")
            return code.rawValue
        }
    }

    /// ArgumentParser's message in the form of all others.
    private static func explained(_ message: String) -> String {
        let prefix = "Error: "
        guard message.hasPrefix(prefix), let first = message.dropFirst(prefix.count).first else { return message }
        return "ops: error: " + first.lowercased() + message.dropFirst(prefix.count + 1)
    }

    /// The commands that help lists.
    static var commandWords: [String] {
        Ops.configuration.subcommands.compactMap { command -> String? in
            let configuration = command.configuration
            return configuration.shouldDisplay ? configuration.commandName : nil
        }
    }

    /// What ArgumentParser's root takes as its first word.
    /// A list: a set would have to be made at each start.
    private static let rootWords = [
        "plan", "list", "show", "graph", "lint", "runs", "logs", "resume", "why", "actions", "schedule", "lock",
        "schema", "init", "plugin", "secrets", "recipe", "manual",
        "help", "--help", "-h", "--help-hidden", "--generate-completion-script", "--experimental-dump-help",
        "---completion",
    ]

    /// Global options may stand before the command: they are moved behind it.
    private static func normalized(_ arguments: [String]) -> [String] {
        var leading: [String] = []
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-") {
            let name = word.prefix { $0 != "=" }
            guard ["-f", "--file", "-C", "--directory", "--color"].contains(name) else { break }
            leading.append(rest.removeFirst())
            if !word.contains("="), let value = rest.popFirst() { leading.append(value) }
        }
        guard let first = rest.first, first == "run" || rootWords.contains(first) else { return leading + rest }
        // Of these it is the second word that is the command.
        let isGroup = ["secrets", "plugin", "lock", "recipe"].contains(first)
        let count = isGroup && rest.dropFirst().first?.hasPrefix("-") == false ? 2 : 1
        return rest.prefix(count) + leading + rest.dropFirst(count)
    }

    /// Runs `body`, prints what it throws, and gives the exit status.
    static func status(_ body: () async throws -> Void) async -> Int32 {
        do {
            try await body()
            return 0
        } catch let error as ExitCode {
            return error.rawValue
        } catch {
            return ErrorReport.print(error, context: .current())
        }
    }

    /// For commands: like `status`, thrown where it is not 0.
    static func finish(_ body: () async throws -> Void) async throws {
        let status = await status(body)
        if status != 0 { throw ExitCode(status) }
    }
}

/// The words behind `--`: the arguments of the one named task.
enum Passthrough {
    @TaskLocal static var arguments: [String] = []
}

/// The tree of commands.
struct Ops: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ops",
        abstract: "Run task recipes: an honest plan, constant scripts, secrets that stay unseen.",
        usage: """
            ops [<task> ...] [<key=value> ...] [-- <arg> ...]
            ops <subcommand>
            """,
        discussion: """
            ops TASK is short for ops run TASK, with the options of ops run; ops alone runs the task 'default', or \
            lists the tasks. The recipe is ops.yaml, ops.yml or .ops.yaml in this folder or the nearest parent. The \
            manual is in ops(1) and ops-recipe(5).
            """,
        version: CommandLineTool.version,
        subcommands: [
            RunCommand.self, PlanCommand.self, ListCommand.self, ShowCommand.self, GraphCommand.self, LintCommand.self,
            RunsCommand.self, LogsCommand.self, ResumeCommand.self, WhyCommand.self, ScheduleCommand.self,
            LockCommand.self, ActionsCommand.self, SchemaCommand.self, InitCommand.self,
            SecretsCommand.self, RecipeCommand.self, PluginCommand.self, ManualCommand.self,
        ])
}
