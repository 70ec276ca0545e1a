package import OpsCore
import OrderedCollections

/// What a plugin's program is asked to do: the first line on its standard input.
package struct PluginRequest: Sendable {
    /// The step that an action serves.
    package struct Step: Sendable, Hashable {
        package var task: String
        package var name: String
        package var run: String
        /// Counted from 1.
        package var attempt: Int

        package init(task: String, name: String, run: String, attempt: Int) {
            self.task = task
            self.name = name
            self.run = run
            self.attempt = attempt
        }
    }

    package var id: String
    package var verb: PluginVerb
    /// Without the plugin's name; nil for `describe` and `fetch`.
    package var action: String?
    package var features: [String] = PluginProtocol.features
    package var step: Step?
    /// The folder that relative paths are relative to, absolute; the program's working directory.
    package var directory: String
    /// A private folder that is removed afterwards; nil for `describe` and `plan`.
    package var temporary: String?
    /// Secrets in it have no bytes where the verb is `plan`.
    package var inputs: ValueMap = [:]
    /// The outputs that the plan gave as known; nil where nothing was planned.
    package var plannedOutputs: ValueMap?
    /// True where `plan` may ask services, read-only.
    package var isOnline = false
    package var logLevel = PluginLogLevel.info
    /// Nil where the step has no limit.
    package var timeout: Duration?
    /// What `fetch` is to give.
    package var references: [SecretReference] = []

    package init(id: String, verb: PluginVerb, directory: String) {
        self.id = id
        self.verb = verb
        self.directory = directory
    }

    /// The request's line, without its end. Secrets stand in its `secrets` only.
    package func encoded() -> [UInt8] {
        var secrets = WireSecrets()
        let inputs = ValueMap(
            uniqueKeysWithValues: inputs.map { ($0.key, WireValue.encode($0.value, secrets: &secrets)) })
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("ops", PluginProtocol.major)
            writer.member("type", "request")
            writer.member("id", id)
            writer.member("verb", verb.rawValue)
            writer.member("action", action)
            writer.member("features", .list(features.map { .string($0) }))
            if let step {
                writer.member(
                    "step",
                    .map([
                        "task": .string(step.task), "name": .string(step.name), "run": .string(step.run),
                        "attempt": .integer(step.attempt),
                    ]))
            }
            writer.member("directory", directory)
            writer.member("temporary", temporary)
            if verb == .plan || verb == .apply { writer.member("inputs", .map(inputs)) }
            if verb == .apply { writer.member("secrets", .map(secrets.json)) }
            if let plannedOutputs {
                var none = WireSecrets()
                let outputs = plannedOutputs.map { ($0.key, WireValue.encode($0.value, secrets: &none)) }
                writer.member("planned", .map(["outputs": .map(ValueMap(uniqueKeysWithValues: outputs))]))
            }
            if verb == .fetch { writer.member("references", .list(references.map(Self.json))) }
            writer.member("online", .boolean(isOnline))
            writer.member("log-level", logLevel.rawValue)
            if let timeout { writer.member("timeout-ms", Int(timeout.nanoseconds / 1_000_000)) }
        }
        return writer.bytes
    }

    private static func json(_ reference: SecretReference) -> Value {
        var members: ValueMap = ["scheme": .string(reference.scheme), "path": .string(reference.path)]
        members["field"] = reference.field.map { .string($0) }
        let options = reference.options.sorted { $0.key < $1.key }.map { ($0.key, Value.string($0.value)) }
        members["options"] = .map(ValueMap(uniqueKeysWithValues: options))
        members["text"] = .string(reference.description)
        return .map(members)
    }

    /// Throws: an `OpsError` (`invalid`) that names the member which is missing or of another type.
    init(_ fields: MessageFields) throws(OpsError) {
        id = try fields.text("id")
        verb = try fields.word("verb")
        directory = try fields.text("directory")
        action = try fields.optionalText("action")
        features = try fields.texts("features")
        temporary = try fields.optionalText("temporary")
        isOnline = try fields.flag("online")
        logLevel = (try fields.optionalText("log-level")).flatMap(PluginLogLevel.init) ?? .info
        timeout = try fields.optionalInteger("timeout-ms").map { .milliseconds($0) }
        if let members = try fields.map("step") {
            let fields = MessageFields(members, label: "'step' of the request")
            step = Step(
                task: try fields.text("task"), name: try fields.text("name"), run: try fields.text("run"),
                attempt: try fields.optionalInteger("attempt") ?? 1)
        }
        var secrets: [String: Secret] = [:]
        for (name, value) in try fields.map("secrets") ?? [:] {
            secrets[name] = Secret(names: [name], bytes: try WireSecrets.bytes(value))
        }
        // A plan has no values, only the names.
        let isPlan = verb == .plan
        inputs = try WireValue.decode(try fields.map("inputs") ?? [:]) {
            secrets[$0] ?? (isPlan ? Secret(planned: [$0]) : nil)
        }
        if let planned = try fields.map("planned") {
            plannedOutputs = try WireValue.decode(planned["outputs"]?.mapValue ?? [:])
        }
        for reference in try fields.fields("references") ?? [] {
            references.append(try SecretReference(try reference.text("text")))
        }
    }
}
