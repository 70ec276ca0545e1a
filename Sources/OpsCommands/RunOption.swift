import ArgumentParser

/// The options of `ops run`, once for the fast parser, ArgumentParser, help, manual and environment twins.
enum RunOption: String, CaseIterable, Sendable {
    case file, directory, color
    case dryRun = "dry-run"
    case jobs
    case keepGoing = "keep-going"
    case force
    case timeout, grace, wait
    case noWait = "no-wait"
    case inputs, plan, yes, unattended, jitter
    case cleanEnv = "clean-env"
    case sandbox
    case stream
    case logFormat = "log-format"
    case logFile = "log-file"
    case junit
    case quiet, verbose

    var short: Character? {
        switch self {
        case .file: "f"
        case .directory: "C"
        case .jobs: "j"
        case .quiet: "q"
        case .verbose: "v"
        case .yes: "y"
        default: nil
        }
    }

    /// The name of its value; nil for a flag.
    var valueName: String? {
        switch self {
        case .file, .inputs, .plan, .logFile, .junit: "file"
        case .directory: "folder"
        case .color: "when"
        case .jobs: "n"
        case .timeout, .grace, .wait, .jitter: "duration"
        case .stream: "mode"
        case .logFormat: "format"
        case .dryRun, .keepGoing, .force, .noWait, .yes, .unattended, .cleanEnv, .sandbox, .quiet, .verbose: nil
        }
    }

    /// The environment variable that sets it where the command line does not.
    var twin: String {
        // Asked of every option at every start, where String's own replacing takes tens of microseconds.
        "OPS_"
            + String(
                decoding: rawValue.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 & 0xDF }, as: UTF8.self)
    }

    var summary: String {
        switch self {
        case .file: "The recipe; found as ops.yaml, ops.yml or .ops.yaml here or in a parent by default."
        case .directory: "Act as if called in this folder."
        case .color: "Colour: auto, always or never."
        case .dryRun: "Show the plan and run nothing."
        case .jobs: "How many tasks run at once; the number of processors by default."
        case .keepGoing: "After a failure finish all that does not depend on it."
        case .force: "Run tasks that are up to date too; resume although recipe, inputs or git facts have changed."
        case .timeout: "End the whole run after this long (exit status 124)."
        case .grace: "How long children have between SIGTERM and SIGKILL; 10s by default."
        case .wait:
            "Wait this long for what another run holds; on a terminal without end, elsewhere not at all by default."
        case .noWait: "Do not wait for what another run holds: exit status 75."
        case .inputs: "Take inputs from a YAML or JSON file."
        case .plan: "Run a plan that 'ops plan --out' wrote, or say what has changed since."
        case .yes: "Answer yes to every confirm."
        case .unattended: "Print nothing when all is well, else the whole log; ask nothing. For cron and timers."
        case .jitter: "Wait a random time up to this before the run."
        case .cleanEnv: "Give the run HOME, LOGNAME and TZ of the environment and fixed SHELL, PATH and LANG only."
        case .sandbox: "Hold recipes without permissions to their own folders and the system's programs."
        case .stream:
            """
            How steps' output is shown: grouped by task, prefixed (each line behind its task's name), or raw (byte for \
            byte, with the report on standard error).
            """
        case .logFormat: "How the run is reported: auto, pretty, plain, json, github or gitlab."
        case .logFile: "Write the report to a file too, as JSON lines."
        case .junit: "Write the results to a file as JUnit XML too: a suite for each task, a case for each step."
        case .quiet: "Print only failures."
        case .verbose: "Print each step and debug messages."
        }
    }

    var names: NameSpecification {
        guard let short else { return .customLong(rawValue) }
        return [.customShort(short, allowingJoined: valueName != nil), .customLong(rawValue)]
    }

    var help: ArgumentHelp { ArgumentHelp(stringLiteral: summary) }

    var valueHelp: ArgumentHelp { ArgumentHelp(summary, valueName: valueName ?? "value") }
}

/// The words of an `ops run` command line, sorted.
struct RunArguments: Sendable, Equatable {
    var options: [RunOption: String] = [:]
    var flags: Set<RunOption> = []
    /// Tasks and `key=value` pairs, as they came.
    var words: [String] = []
    /// What stands behind `--`.
    var arguments: [String] = []

    init() {}

    /// True where they say no more than which recipe is meant and how it is shown.
    var isRecipeOnly: Bool {
        words.isEmpty && arguments.isEmpty && flags.isEmpty
            && options.keys.allSatisfy { [.file, .directory, .color].contains($0) }
    }

    /// Reads the words behind `ops run`; nil where anything is not plain, for ArgumentParser to explain.
    init?(fast words: [String]) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                arguments = Array(rest)
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                self.words.append(word)
                continue
            }
            guard let (option, attached) = Self.option(word) else { return nil }
            if option.valueName == nil {
                guard attached == nil else { return nil }
                flags.insert(option)
            } else if let value = attached ?? rest.popFirst(), !value.isEmpty, attached != nil || !value.hasPrefix("-")
            {
                options[option] = value
            } else {
                return nil
            }
        }
    }

    private static func option(_ word: String) -> (RunOption, attached: String?)? {
        if word.hasPrefix("--") {
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first, let option = RunOption.allCases.first(where: { name == $0.rawValue }) else {
                return nil
            }
            return (option, parts.count > 1 ? String(parts[1]) : nil)
        }
        let letters = word.dropFirst()
        guard let option = RunOption.allCases.first(where: { $0.short == letters.first }) else { return nil }
        let attached = letters.dropFirst()
        if attached.isEmpty { return (option, nil) }
        // `-j4`; what `-j=4` and `-yq` mean is ArgumentParser's to say.
        return option.valueName == nil || attached.first == "=" ? nil : (option, String(attached))
    }
}
