import OpsCore

/// The keys of the recipe language, version 1 (ops-recipe(5), "Keys").
package enum RecipeLanguage {
    /// The number behind `ops:`.
    package static let version = 1

    /// Words that `ops` itself takes as its first argument; a task of that name runs only as `ops run NAME`.
    package static let commandWords: Set<String> = [
        "run", "plan", "list", "show", "graph", "lint", "runs", "logs", "resume", "why", "actions", "plugin", "recipe",
        "lock", "schedule", "schema", "init", "doctor", "secrets", "help",
    ]

    static let overlapWords = Overlap.allCases.map(\.rawValue)
    static let resumeWords = ResumeMode.allCases.map(\.rawValue)

    package static let recipe = LanguageObject(
        "recipe", "A recipe file",
        [
            LanguageKey("ops", .constant(.integer(1)), "The language version", required: true),
            LanguageKey("name", .text, "The recipe's name"),
            LanguageKey("description", .text, "What the recipe is for"),
            LanguageKey("inputs", .map(.either([.object("input"), .null])), "Values that the caller gives"),
            LanguageKey(
                "secrets", .map(.either([.text, .list(reference), .object("secret")])),
                "References to secrets; a value is fetched only for a run"),
            LanguageKey("vars", .map(.value), "Named values made from others"),
            LanguageKey(
                "include", .map(.either([.text, .object("include")])), "Other recipes, whose tasks are 'NAME:TASK'"),
            LanguageKey("plugins", .map(.text), "Plugins that are programs of their own: the folder of each"),
            LanguageKey("env", .map(.value), "Environment of every step; null unsets"),
            LanguageKey("dotenv", .oneOrMore(.template), "Files of NAME=value lines; a missing one is fine"),
            LanguageKey("defaults", .object("defaults"), "What tasks have where they say nothing"),
            LanguageKey("tasks", .map(.either([.object("task"), .null])), "The tasks by name"),
            LanguageKey("on-failure", .list(.object("step")), "Steps that run after a failed run"),
            LanguageKey("finally", .list(.object("step")), "Steps that run last, however the run ended"),
            LanguageKey("timeout", .duration, "The whole run's limit"),
            LanguageKey(
                "schedule", .either([.object("schedule"), .map(.object("schedule"))]),
                "When tasks are meant to run, for 'ops schedule export': one time table, or named ones"),
            LanguageKey(
                "overlap", .choice(overlapWords), "What an unattended run does while another of the recipe goes on"),
            LanguageKey("heartbeat", .template, "A URL that is told of start and end of unattended runs"),
            LanguageKey(
                "permissions", .object("permissions"), "All that its steps may touch; without it they may touch all"),
            LanguageKey(
                "secret-hosts", .oneOrMore(.text),
                "The only servers that secrets are asked of: 'host', 'host:port', or '*.domain' for all names below it"),
        ])

    private static let actionKeys = [
        LanguageKey("id", .text, "The name in 'steps.NAME'"),
        LanguageKey("name", .template, "What people read"),
        LanguageKey("if", .condition, "Runs only where this is true"),
        LanguageKey("env", .map(.value), "Environment; null unsets"),
        LanguageKey("dir", .template, "The folder that relative paths are relative to; the recipe's by default"),
        LanguageKey("shell", .oneOrMore(.text), "The script's interpreter: bash, sh, python3, or a command"),
        LanguageKey("stdin", .value, "What standard input holds"),
        LanguageKey("stdout", .template, "The file that standard output goes to, written whole or not at all"),
        LanguageKey(
            "files", .map(.value), "Private files: the variable that holds the path, and the content"),
        LanguageKey("timeout", .duration, "The limit of one attempt"),
        LanguageKey("retry", .object("retry"), "Tries again after a failure"),
        LanguageKey(
            "returns", .either([.text, .map(.choice(returnTypes))]),
            "Outputs: a name for the trimmed standard output, or the names written to OPS_OUTPUT with their types"),
        LanguageKey("continue-on-error", .boolean, "A failure does not fail the task"),
        LanguageKey("undo", .object("undo"), "A step that takes this one's work back"),
        LanguageKey("detach", .boolean, "Processes it leaves may live on"),
        LanguageKey("interactive", .boolean, "Has the terminal to itself"),
        LanguageKey("resume", .choice(resumeWords), "What a resumed run does with it"),
    ]

    package static let step = LanguageObject("step", "One action of a task", takesAction: true, actionKeys)

    package static let task = LanguageObject(
        "task", "A task: one action, or 'steps', or only its needs", takesAction: true,
        [
            LanguageKey("description", .text, "One line for the list"),
            LanguageKey(
                "inputs", .map(.either([.object("input"), .null])), "Values that the task alone is given"),
            LanguageKey("needs", .oneOrMore(.either([.text, .object("need")])), "Tasks that run before"),
            LanguageKey(
                "matrix", .either([.map(.value), .list(.map(.value)), .template]),
                "Runs once for each combination of the axes, or for each row"),
            LanguageKey("max-parallel", .integer(minimum: 1), "How many instances run at once"),
            LanguageKey("sources", .oneOrMore(.template), "Globs: up to date while these are unchanged"),
            LanguageKey("produces", .list(.template), "The files it makes; [] is none"),
            LanguageKey("exclusive", .template, "A name that one holder has at a time on this machine"),
            LanguageKey("outputs", .map(.value), "Of a task with 'steps': its outputs"),
            LanguageKey("steps", .list(.object("step")), "Its actions, one after the other"),
            LanguageKey("on-failure", .list(.object("step")), "Steps that run where the task failed"),
            LanguageKey("finally", .list(.object("step")), "Steps that run last, where the task started"),
            LanguageKey("confirm", .template, "A question that is asked before the first task"),
            LanguageKey("permissions", .object("permissions"), "All that its steps may touch, within the recipe's"),
        ] + actionKeys)

    /// On a task with `steps` these are errors: they belong to a step.
    package static let keysOfOneAction: Set<String> = [
        "id", "stdin", "stdout", "returns", "undo", "detach", "interactive", "resume",
    ]

    /// The types behind `returns`.
    package static let returnTypes = ["string", "boolean", "integer", "number", "list", "map", "secret"]

    package static let undo = LanguageObject(
        "undo", "A step that takes another one's work back", takesAction: true,
        [LanguageKey("through", .text, "The dependent task whose success disarms it")]
            + actionKeys.filter { !["undo", "detach", "interactive", "resume", "returns", "id"].contains($0.name) })

    package static let input = LanguageObject(
        "input", "A value that the caller gives",
        [
            LanguageKey("type", .choice(InputDeclaration.Kind.allCases.map(\.rawValue)), "string by default"),
            LanguageKey("description", .text, "What it is, for help"),
            LanguageKey("default", .value, "The value when none is given; null makes it optional"),
            LanguageKey("options", .list(.value), "The only values it takes"),
            LanguageKey("pattern", .text, "A regular expression that matches the whole value"),
        ])

    /// One place where a secret may be.
    private static let reference = KeyType.either([.text, .object("secret-command")])

    package static let secret = LanguageObject(
        "secret", "Where a secret comes from: 'from', or 'exec' alone",
        [
            LanguageKey("from", .oneOrMore(reference), "References, tried in order: only a missing one falls through"),
            LanguageKey("exec", .list(.text), "A command whose standard output is the secret"),
            LanguageKey("optional", .boolean, "A missing one is null"),
        ])

    package static let secretCommand = LanguageObject(
        "secret-command", "A command in place of a reference",
        [LanguageKey("exec", .list(.text), "The program and its arguments; no shell reads them", required: true)])

    package static let include = LanguageObject(
        "include", "Another recipe",
        [
            LanguageKey("from", .text, "The file, or a reference with a digest", required: true),
            LanguageKey("with", .map(.value), "Its inputs"),
            LanguageKey("secrets", .map(.value), "Its secrets"),
            LanguageKey(
                "permissions", .object("permissions"), "The most that it may touch; by default what this recipe may"),
        ])

    package static let permissions = LanguageObject(
        "permissions", "All that steps may touch; what a key does not name is not given",
        [
            LanguageKey("read", .oneOrMore(.text), "Files and folders, with all below them, that may be read"),
            LanguageKey("write", .oneOrMore(.text), "Those that may be written, and read"),
            LanguageKey(
                "net", .oneOrMore(.text), "Servers as 'host:port', '*.domain:port' or '*:port'; 'none' for no network"),
            LanguageKey("exec", .oneOrMore(.text), "Programs besides the system's: files, folders, or names in PATH"),
            LanguageKey("secrets", .oneOrMore(.text), "Secrets that steps may name"),
            LanguageKey("env", .oneOrMore(.text), "Variables of the caller that steps get; 'NAME_*' for a family"),
        ])

    package static let defaults = LanguageObject(
        "defaults", "What tasks have where they say nothing",
        [
            LanguageKey("shell", .oneOrMore(.text), "The script's interpreter"),
            LanguageKey("timeout", .duration, "The limit of a task"),
        ])

    package static let need = LanguageObject(
        "need", "A task that runs before",
        [
            LanguageKey("task", .text, "The task's name", required: true),
            LanguageKey("with", .map(.value), "Values for its own inputs"),
            LanguageKey("as", .text, "The name in 'needs.NAME'"),
        ])

    package static let retry = LanguageObject(
        "retry", "How a failure is tried again",
        [
            LanguageKey("attempts", .integer(minimum: 1), "How often at most, the first included", required: true),
            LanguageKey("delay", .duration, "The wait before the second attempt"),
            LanguageKey("backoff", .number, "What each further wait is multiplied by"),
            LanguageKey("max-delay", .duration, "The longest wait"),
            LanguageKey("jitter", .number, "The part of a wait that is random, 0 to 1"),
            LanguageKey("exit-codes", .list(.integer(minimum: 0)), "Only after these exit statuses"),
        ])

    package static let schedule = LanguageObject(
        "schedule", "When a task is meant to run",
        [
            LanguageKey("cron", .text, "Five fields as in crontab(5), or a word such as @daily", required: true),
            LanguageKey("zone", .text, "The time zone, such as Europe/Berlin; the machine's own by default"),
            LanguageKey("task", .text, "The task; 'default' by default"),
            LanguageKey("inputs", .map(.value), "Its inputs, constant"),
            LanguageKey("jitter", .duration, "A random wait of at most this before each run"),
            LanguageKey("timeout", .duration, "The whole run's limit in place of the recipe's"),
            LanguageKey("catch-up", .boolean, "Make up for a run that was missed while the machine was off"),
        ])

    /// Every object, in the manual's order.
    package static let objects = [
        recipe, task, step, input, secret, secretCommand, need, retry, undo, defaults, include, permissions, schedule,
    ]
}
