import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// The calls of one `ops plugin test`, each in a folder of its own, and what came of them.
actor ConformanceSession {
    let plugin: FoundPlugin
    nonisolated var manifest: PluginManifest { plugin.manifest }
    /// Every call so far.
    private var answers: [ConformanceAnswer] = []
    private var trials: [ExampleTrial] = []
    /// The plugin's own folder before the first call.
    let ownFolder: FolderSnapshot
    /// The value that every secret input is given.
    nonisolated let secret: String
    /// How long a call may take to end once it should.
    nonisolated let limit: Duration
    private let program: String
    private let environment: [String: String]
    private let marker: String
    private let temporary: String
    private var count = 0
    private var hasTrials = false

    init(_ plugin: FoundPlugin, environment: [String: String], temporary: String, limit: Duration) throws {
        self.plugin = plugin
        self.limit = limit
        self.temporary = temporary
        program = (try? plugin.program()) ?? ""
        self.environment = environment
        marker = PluginCall.newMarker()
        secret = "kit-secret-\(UInt64.random(in: 1 << 40...(.max)))"
        ownFolder = try FolderSnapshot(plugin.folder)
    }

    /// A fresh folder with files.
    func folder(_ files: [(path: String, text: String)] = []) throws -> String {
        count += 1
        let folder = "\(temporary)/\(count)"
        try makeFolders(folder)
        for file in files {
            let path = folder + "/" + file.path
            try makeFolders(parentFolder(of: path))
            try writeAtomically(Array(file.text.utf8), to: path)
        }
        return folder
    }

    /// Every call so far; where there was none, those of the examples, or one.
    func heard() async throws -> [ConformanceAnswer] {
        if answers.isEmpty { _ = try await runExamples() }
        if answers.isEmpty { try await ask(describe(), "describe") }
        return answers
    }

    /// Starts the program, and keeps what came of it.
    @discardableResult
    func call(_ call: ConformanceCall) async throws -> ConformanceAnswer {
        // What is no request is sent to a program that is held as for one.
        let request = call.request ?? PluginRequest(id: "", verb: call.verb, directory: call.directory)
        var plugin = PluginCall(
            plugin: plugin, request: request, environment: environment, grace: limit, marker: marker)
        plugin.isObserved = true
        if request.verb == .apply { Sandbox.makeFolders(of: plugin.layers) }
        let answer = try await ConformanceProcess.run(call, as: plugin, program: program)
        answers.append(answer)
        return answer
    }

    /// A call that a good request makes.
    @discardableResult
    func ask(
        _ request: PluginRequest, _ label: String, changes: @Sendable (inout ValueMap) -> Void = { _ in },
        then: ConformanceCall.Then = .wait,
        limit: Duration = .seconds(30)
    ) async throws -> ConformanceAnswer {
        var members = try JSONReader.value(request.encoded()).mapValue ?? [:]
        changes(&members)
        let bytes = Array(JSONWriter.text(.map(members)).utf8) + [0x0A]
        return try await call(
            ConformanceCall(
                label: label, verb: request.verb, input: bytes, then: then, limit: limit, directory: request.directory,
                request: request))
    }

    /// A request of a verb that every plugin answers.
    func describe() throws -> PluginRequest {
        PluginRequest(id: "d\(count)", verb: .describe, directory: try folder())
    }

    /// A request that does something, and how a message names it: the first example, else `describe`.
    func anything() throws -> (request: PluginRequest, label: String, action: PluginManifest.Action?) {
        for action in manifest.actions {
            guard let example = action.examples.first else { continue }
            let folder = try folder(example.files)
            return (
                try request(.apply, action, example, in: folder), "apply of '\(example.title)'", action
            )
        }
        return (try describe(), "describe", nil)
    }

    /// The request that an example is; secret inputs have the kit's own value.
    func request(
        _ verb: PluginVerb, _ action: PluginManifest.Action, _ example: PluginManifest.Example, in folder: String
    ) throws -> PluginRequest {
        var request = PluginRequest(id: "r\(count)", verb: verb, directory: folder)
        request.action = action.name
        request.step = PluginRequest.Step(task: "kit", name: action.name, run: "kit", attempt: 1)
        if verb == .apply { request.temporary = try self.folder() }
        for parameter in action.declaration.parameters {
            guard let value = example.arguments[parameter.name] ?? parameter.defaultValue, !value.isNull else {
                continue
            }
            let hidden = Secret(names: [parameter.name], bytes: Array(secret.utf8))
            request.inputs[parameter.name] =
                !parameter.isSecret
                ? value : value.replacingTexts(by: verb == .plan ? Secret(planned: [parameter.name]) : hidden)
        }
        return request
    }

    /// Plans and applies every example, once.
    func runExamples() async throws -> [ExampleTrial] {
        if hasTrials { return trials }
        hasTrials = true
        for action in manifest.actions {
            for example in action.examples {
                let folder = try folder(example.files)
                let before = try FolderSnapshot(folder)
                var plan: ConformanceAnswer?
                if action.planning != .none {
                    plan = try await ask(
                        request(.plan, action, example, in: folder), "plan of '\(example.title)'", limit: .seconds(60))
                }
                let after = try FolderSnapshot(folder)
                var applied = try request(.apply, action, example, in: folder)
                if let outputs = plan?.outputs {
                    applied.plannedOutputs = outputs.filter { !$0.value.containsUnknown }
                }
                let apply = try await ask(applied, "apply of '\(example.title)'", limit: .seconds(60))
                trials.append(
                    ExampleTrial(
                        action: action, example: example, plan: plan, changes: after.changes(since: before),
                        apply: apply,
                        filesWithSecret: try FolderSnapshot.files(in: folder, holding: Array(secret.utf8))))
            }
        }
        return trials
    }
}

extension Value {
    /// Every text in it replaced; the keys of maps stay.
    fileprivate func replacingTexts(by secret: Secret) -> Value {
        switch self {
        case .string: .secret(secret)
        case .list(let items): .list(items.map { $0.replacingTexts(by: secret) })
        case .map(let members): .map(members.mapValues { $0.replacingTexts(by: secret) })
        default: self
        }
    }
}

/// An example of the manifest, planned and applied.
struct ExampleTrial: Sendable {
    var action: PluginManifest.Action
    var example: PluginManifest.Example
    /// Nil where the manifest says that the action cannot plan.
    var plan: ConformanceAnswer?
    /// What the plan changed in the folder.
    var changes: [String]
    var apply: ConformanceAnswer
    var filesWithSecret: [String]

    /// Why the example says nothing here: it needs a service, or a secret that is none of the kit's.
    var excuse: String? {
        guard let error = apply.results.last?.error else { return nil }
        return error.code == .unavailable || error.code == .unauthorized ? error.message : nil
    }
}
