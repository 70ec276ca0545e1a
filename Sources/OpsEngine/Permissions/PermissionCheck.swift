import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

/// Holds what ops does itself to a step's permissions: actions that run inside it are no processes that the kernel could
/// hold.
struct PermissionCheck {
    let layers: [Grants]
    /// That the step's paths are relative to, absolute.
    let directory: String
    /// The recipe's folder, for messages.
    let recipeDirectory: String

    /// Throws: an `OpsError` (`forbidden`) that names the permission where an effect or a path parameter goes beyond
    /// them.
    func check(_ effects: [Effect], _ arguments: Arguments, _ declaration: ActionDeclaration) throws(OpsError) {
        guard !layers.isEmpty else { return }
        for effect in effects {
            switch effect.kind {
            case .read: try check(effect.target, .read)
            case .write: try check(effect.target, .write)
            // The program is the kernel's to hold, a server is held to where the request is made.
            case .execute, .fetch, .request, .publish: break
            }
        }
        for parameter in declaration.parameters { try check(arguments[parameter.name], parameter.type) }
    }

    private func check(_ value: Value, _ type: ParameterType) throws(OpsError) {
        switch (type, value) {
        case (.path(let use), .string(let path)): try check(path, use)
        case (.glob, .string(let path)): try check(path, .read)
        case (.list(let element), .list(let items)), (.oneOrMore(let element), .list(let items)):
            for item in items { try check(item, element) }
        case (.oneOrMore(let element), _): try check(value, element)
        case (.map(let element), .map(let members)): for (_, member) in members { try check(member, element) }
        case (.record(let parameters), .map(let members)):
            for parameter in parameters { try check(members[parameter.name] ?? .null, parameter.type) }
        default: break
        }
    }

    private func check(_ target: String, _ use: PathUse) throws(OpsError) {
        let path = resolvedPath(Planner.root(of: target, in: directory))
        let key = use == .read ? "read" : "write"
        for layer in layers {
            var real = layer
            real.read = layer.read.map { $0.map(resolvedPath) }
            real.write = layer.write.map { $0.map(resolvedPath) }
            real.exec = layer.exec.map { $0.map { $0.contains("/") ? resolvedPath($0) : $0 } }
            guard use == .read ? !real.mayRead(path) : !real.mayWrite(path) else { continue }
            let granted = layer.text(of: key, in: recipeDirectory)
            throw OpsError(
                .forbidden, "the step may not \(key) '\(target)'",
                hint: "its permissions (\([layer].place)) have '\(key)': \(granted)")
        }
    }

    /// Asked of each server that a request of the step's goes to.
    var network: @Sendable (_ host: String, _ port: Int) -> OpsError? {
        let layers = layers.filter { $0.net != nil }
        return { host, port in
            guard var server = NetworkGrant("*:\(port)") else { return nil }
            server.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()).lowercased() : host.lowercased()
            for layer in layers where !layer.mayReach(server) {
                return OpsError(
                    .forbidden, "the step may not reach \(server)",
                    hint: "its permissions (\([layer].place)) have 'net': \(layer.text(of: "net", in: ""))")
            }
            return nil
        }
    }
}

extension PermissionCheck {
    /// The same with all values known, right before the step runs.
    ///
    /// Throws: what the action's own plan throws, and an `OpsError` (`forbidden`).
    func checkNow(_ binding: StepBinding, _ context: RunContext) async throws {
        let name = binding.action.declaration.name
        guard name != "run" || binding.options.standardOutput != nil else { return }
        let plan = try await binding.action.plan(
            binding.arguments,
            PlanContext(
                directory: context.directory, environment: binding.scope.knownEnvironment, step: binding.options,
                isSettled: { _ in false }))
        try check(plan.effects, binding.arguments, binding.action.declaration)
    }
}

extension Run {
    /// What a step that failed may have been stopped by; nil where it is not held to anything, or where that is no
    /// question.
    func permissionHint(_ step: PlannedStep, _ error: any Error, _ failure: Failure) -> String? {
        guard !step.grants.isEmpty else { return nil }
        switch error {
        case is CommandFailure: break
        // Our own refusal names the permission itself.
        case let error as OpsError where error.code == .forbidden && error.hint?.contains("permissions") != true: break
        default: return nil
        }
        let text = permissionText(step)
        return failure.lastLines.contains(where: Sandbox.isDenial)
            ? "it was likely stopped by \(text)" : "it runs with \(text)"
    }

    /// What a step is held to, for people.
    func permissionText(_ step: PlannedStep) -> String {
        let folder =
            step.id.task.flatMap { id in plan.tasks.first { $0.id == id } }
            .map { plan.unit(of: $0).recipe.directory } ?? plan.recipe.directory
        return "the permissions of \(step.grants.place): \(step.grants.summary(in: folder))"
    }
}
