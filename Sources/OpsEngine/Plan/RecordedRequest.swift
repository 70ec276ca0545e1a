package import OpsCore
import OpsRecipe
import OrderedCollections

/// What was asked for when a plan was made: all that it takes to make it again, from any folder.
package struct RecordedRequest: Sendable {
    /// The recipe as it was named, relative to `directory`.
    package var file: String
    /// The folder that ops worked in, absolute.
    package var directory: String
    package var tasks: [String]
    /// The inputs of the command line, in order.
    package var inputs: [(key: String, value: String)] = []
    /// `--inputs`, and what it held.
    package var inputsFile: String?
    package var inputsFileValues: ValueMap?
    /// The `OPS_INPUT_…` variables of the inputs that the plan uses.
    package var variables: [String: String] = [:]
    package var arguments: [String] = []
    package var isOnline = false
    /// True where the plan was made for a run, which asks for `git.dirty` as well.
    package var isRun = false
    /// True where tasks run although they are up to date.
    package var isForced = false
    /// True where recipes without permissions are held to their own folders.
    package var isSandboxed = false
    /// True where it was read from a plan: its inputs are those that it holds.
    package private(set) var isReplayed = false

    package init(file: String, directory: String, tasks: [String]) {
        self.file = file
        self.directory = directory
        self.tasks = tasks
    }

    /// The recipe's path, absolute.
    package var path: String { file.hasPrefix("/") ? file : directory + "/" + file }

    /// Keeps those of the caller's variables that give the plan's inputs.
    package mutating func keepVariables(of plan: Plan, environment: [String: String]) {
        for name in plan.inputs.keys + plan.tasks.flatMap({ Array($0.inputs.keys) }) {
            let variable = Self.variable(of: name)
            if let value = environment[variable] { variables[variable] = value }
        }
    }

    /// The caller's environment with the variables that give inputs: of a replayed request, those it holds.
    package func environment(_ caller: [String: String]) -> [String: String] {
        guard isReplayed else { return caller }
        return caller.filter { !$0.key.hasPrefix("OPS_INPUT_") }.merging(variables) { $1 }
    }

    /// `OPS_INPUT_NAME`.
    package static func variable(of input: String) -> String { "OPS_" + InputDeclaration.variable(of: input) }

    var json: Value {
        .map([
            "file": .string(file), "directory": .string(directory), "tasks": .list(tasks.map { .string($0) }),
            "inputs": .list(inputs.map { .string("\($0.key)=\($0.value)") }),
            "inputs-file": inputsFile.map { .string($0) } ?? .null,
            "inputs-file-values": inputsFileValues.map { ExactValue.encode(.map($0)) } ?? .null,
            "variables": .map(
                ValueMap(uniqueKeysWithValues: variables.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
            ),
            "arguments": .list(arguments.map { .string($0) }), "online": .boolean(isOnline), "run": .boolean(isRun),
            "forced": .boolean(isForced), "sandbox": .boolean(isSandboxed),
        ])
    }

    /// Nil where the JSON is not that of a request.
    init?(_ json: Value?) {
        func texts(_ key: String) -> [String] { json?[key]?.listValue?.compactMap(\.stringValue) ?? [] }
        guard let json, let file = json["file"]?.stringValue, let directory = json["directory"]?.stringValue else {
            return nil
        }
        self.init(file: file, directory: directory, tasks: texts("tasks"))
        inputs = texts("inputs").compactMap { text in
            text.firstIndex(of: "=").map { (String(text[..<$0]), String(text[text.index(after: $0)...])) }
        }
        inputsFile = json["inputs-file"]?.stringValue
        inputsFileValues = json["inputs-file-values"].flatMap { ExactValue.decode($0).mapValue }
        for (name, value) in json["variables"]?.mapValue ?? [:] { variables[name] = value.stringValue }
        arguments = texts("arguments")
        isOnline = json["online"]?.booleanValue ?? false
        isRun = json["run"]?.booleanValue ?? false
        isForced = json["forced"]?.booleanValue ?? false
        isSandboxed = json["sandbox"]?.booleanValue ?? false
        isReplayed = true
    }
}
