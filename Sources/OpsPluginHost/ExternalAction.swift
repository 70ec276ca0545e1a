import Logging
import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// An action of a plugin that is a program of its own: to the engine like any other.
struct ExternalAction: Action {
    let declaration: ActionDeclaration
    let plugin: FoundPlugin
    private let action: PluginManifest.Action

    /// The longest that a plugin may think about a plan.
    private static let planLimit: Duration = .seconds(60)

    init(_ plugin: FoundPlugin, _ action: PluginManifest.Action) {
        self.plugin = plugin
        self.action = action
        var declaration = action.declaration
        declaration.revision = plugin.revision
        self.declaration = declaration
    }

    // MARK: Plan

    /// What the manifest says; with `isOnline` what the program says. Without it no process is started.
    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        let program = try plugin.program()
        guard FileStatus.find(program)?.kind == .file else {
            throw OpsError(
                .notFound, "the plugin '\(plugin.manifest.name)' has no program '\(program)'", hint: "was it built?")
        }
        var plan = ActionPlan(outputs: unknownOutputs(context.step))
        guard context.isOnline, action.planning != .none else {
            plan.effects = declaredEffects(arguments, context)
            plan.effects.append(execution("not asked: the plan is what its manifest says"))
            return plan
        }
        var request = PluginRequest(id: "r1", verb: .plan, directory: context.directory)
        request.action = action.name
        request.step = PluginRequest.Step(task: context.step.task, name: context.step.step, run: "", attempt: 1)
        request.inputs = arguments.values.filter { !$0.value.isNull }.mapValues(\.withoutBytes)
        request.isOnline = true
        let call = PluginCall(
            plugin: plugin, request: request, environment: context.environment, grace: .seconds(1),
            cancellation: action.cancellation, sandboxes: context.sandboxes, limit: Self.planLimit,
            marker: PluginCall.newMarker())
        let answer = try await PluginProcess.run(call, PluginListener())
        try check(answer.result)
        plan.effects = answer.result.effects
        plan.effects.append(execution(action.planning == .partial ? "it may do more than it says" : nil))
        // What depends on files that an earlier step may write is not known yet.
        let isSettled = declaration.parameters.allSatisfy { parameter in
            parameter.type.paths(in: arguments[parameter.name]).allSatisfy {
                $0.use == .write || context.isSettled(context.absolute($0.path))
            }
        }
        for output in action.outputs {
            let name = output.declaration.name
            guard let value = answer.outputs[name], isSettled, output.declaration.type != .secret else { continue }
            if value.containsUnknown { continue }
            try check(value, of: output)
            plan.outputs[name] = value
        }
        try refuseUndeclared(answer.outputs)
        return plan
    }

    /// That the program is started: unless it was asked, it may touch more than the plan lists.
    private func execution(_ detail: String?) -> Effect {
        var details = detail.map { [$0] } ?? []
        if plugin.manifest.permissions.range != nil, SandboxSupport.landlock == 0 {
            details.append("its permissions are disclosure only: this system has no Landlock")
        }
        return Effect(
            .execute, "plugin \(plugin.manifest.name) \(plugin.manifest.version)",
            detail: details.isEmpty ? nil : details.joined(separator: "; "))
    }

    /// What the declaration says of paths.
    private func declaredEffects(_ arguments: Arguments, _ context: PlanContext) -> [Effect] {
        declaration.parameters.flatMap { parameter in
            parameter.type.paths(in: arguments[parameter.name]).map {
                Effect($0.use == .read ? .read : .write, context.absolute($0.path))
            }
        }
    }

    private func unknownOutputs(_ step: StepOptions) -> [String: Value] {
        var outputs: [String: Value] = [:]
        for output in declaration.outputs {
            outputs[output.name] =
                output.type == .secret
                ? .secret(Secret(planned: [secretName(output.name, step)]))
                : .unknown(Unknown("\(declaration.name) output \(output.name)", type: output.type))
        }
        return outputs
    }

    private func secretName(_ output: String, _ step: StepOptions) -> String { "\(step.step).\(output)" }

    // MARK: Run

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        var request = PluginRequest(id: "r1", verb: .apply, directory: context.directory)
        request.action = action.name
        request.step = PluginRequest.Step(
            task: context.step.task, name: context.step.step, run: context.environment["OPS_RUN_ID"] ?? "",
            attempt: Int(context.environment["OPS_ATTEMPT"] ?? "") ?? 1)
        request.temporary = try context.temporaryDirectory()
        request.inputs = arguments.values.filter { !$0.value.isNull }
        request.plannedOutputs = context.plannedOutputs
        request.timeout = context.timeout
        request.logLevel = PluginLogLevel(context.logger.logLevel)
        let call = PluginCall(
            plugin: plugin, request: request, environment: context.environment, grace: context.grace,
            cancellation: action.cancellation, sandboxes: context.sandboxes, sandboxText: context.sandboxText,
            marker: context.outputFile)
        let answer = try await PluginProcess.run(call, listener(context))
        try check(answer.result)
        try refuseUndeclared(answer.outputs)
        var outputs: [String: Value] = [:]
        for output in action.outputs {
            outputs[output.declaration.name] = try self.output(output, answer.outputs, context)
        }
        return outputs
    }

    private func listener(_ context: RunContext) -> PluginListener {
        let secretOutputs = Set(declaration.outputs.filter { $0.type == .secret }.map(\.name))
        return PluginListener(
            log: { level, text in context.logger.log(level: level.loggerLevel, "\(text)") },
            output: { stream, bytes in bytes.withUnsafeBytes { context.output(stream, $0) } },
            progress: context.progress, secret: context.mask, redact: context.redact,
            cancellationReason: context.cancellationReason, isSecretOutput: { secretOutputs.contains($0) })
    }

    private func output(
        _ output: PluginManifest.Output, _ given: ValueMap, _ context: RunContext
    ) throws -> Value {
        let name = output.declaration.name
        let value = given[name] ?? .null
        if output.declaration.type == .secret {
            guard let text = value.scalarText else { throw wrong("did not give the output '\(name)'") }
            return .secret(Secret(names: [secretName(name, context.step)], bytes: Array(text.utf8)))
        }
        try check(value, of: output)
        if let planned = context.plannedOutputs[name], planned != value {
            throw OpsError(
                .planMismatch,
                "the plugin '\(plugin.manifest.name)' had planned another value for the output '\(name)'",
                hint:
                    "planned \(JSONWriter.text(planned).shortened(to: 200)), got \(JSONWriter.text(value).shortened(to: 200))"
            )
        }
        return value
    }

    private func check(_ value: Value, of output: PluginManifest.Output) throws {
        let name = output.declaration.name
        if value.containsUnknown { throw wrong("gave the output '\(name)' as unknown") }
        guard output.declaration.type.accepts(value) else {
            let problem =
                value.isNull
                ? "did not give the output '\(name)'"
                : "gave the output '\(name)' as \(value.type), declared is \(output.declaration.type)"
            throw wrong(problem)
        }
        if let problem = output.limits.problem(of: value) { throw wrong("gave the output '\(name)', which \(problem)") }
    }

    private func refuseUndeclared(_ outputs: ValueMap) throws {
        let names = declaration.outputs.map(\.name)
        guard let name = outputs.keys.first(where: { !names.contains($0) }) else { return }
        throw wrong(
            "gave the output '\(name)', which its manifest does not declare",
            hint: nearestName(to: name, among: names).map { "did it mean '\($0)'?" })
    }

    private func wrong(_ problem: String, hint: String? = nil) -> OpsError {
        OpsError(.protocolBroken, "the plugin '\(plugin.manifest.name)' \(problem)", hint: hint)
    }

    /// Throws: what a result says that is not good, at the argument it names.
    private func check(_ result: PluginResult) throws {
        switch result.status {
        case .ok: return
        case .cancelled: throw wrong("gave up, though nobody cancelled it")
        case .error:
            guard let error = result.error else { throw wrong("failed and did not say why") }
            throw error.thrown(by: plugin.manifest.name)
        }
    }
}
