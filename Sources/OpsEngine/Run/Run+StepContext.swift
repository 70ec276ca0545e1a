import Logging
import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections

extension Run {
    /// What the step's action is given to run with.
    func context(
        _ step: PlannedStep, _ binding: StepBinding, attempt: Int, token: Int, folder: StepFolder, files: StepFiles,
        cage: Cage?
    ) throws -> RunContext {
        var environment = try binding.scope.revealedEnvironment()
        // No step sees the files of those with other permissions.
        let temporary = cage?.folder ?? temporaryDirectory
        let outputFile = "\(temporary)/output-\(token)"
        environment["OPS_RUN_ID"] = id
        environment["OPS_TASK"] = step.id.task?.description ?? ""
        environment["OPS_STEP"] = step.name ?? String(step.id.index + 1)
        environment["OPS_ATTEMPT"] = String(attempt)
        environment["OPS_TEMP"] = temporary
        if let cage { environment["TMPDIR"] = cage.folder }
        environment["OPS_RECIPE_DIR"] = binding.scope.recipeDirectory
        environment["OPS_OUTPUT"] = outputFile
        for (variable, content) in binding.files {
            environment[variable] = try files.write(content, as: variable)
        }
        var logger = Logger(label: "ops.step") { _ in EventLogHandler(run: self, step: step.id) }
        logger.logLevel = .debug
        var context = RunContext(
            directory: step.directory, environment: environment, step: binding.options,
            temporaryDirectory: { try folder.make() },
            outputFile: outputFile, logger: logger,
            output: { stream, bytes in
                if EventLoop.shared.isCurrent {
                    // The call returns before the buffer goes.
                    nonisolated(unsafe) let bytes = bytes
                    EventLoop.assumeIsolated { self.received(bytes, stream, token) }
                } else {
                    let copy = [UInt8](bytes)
                    onLoop { copy.withUnsafeBytes { self.received($0, stream, token) } }
                }
            },
            progress: { progress in
                onLoop { self.emit(.progress(step.id, progress)) }
            },
            grace: options.grace)
        context.keepProcesses = keeper(of: step)
        if let cage {
            context.sandboxes = cage.sandboxes(withFiles: binding.files.isEmpty ? nil : files.sharedFolder)
            context.sandboxText = permissionText(step)
            Sandbox.makeFolders(of: context.sandboxes)
        }
        context.timeout = step.timeout
        context.plannedOutputs = step.outputs.filter { !$0.value.containsUnknown && !$0.value.containsSecret }
        let registry = secrets.registry
        context.mask = { name, bytes in _ = registry.register(name: name, bytes: bytes) }
        context.redact = { registry.redact($0) }
        return context
    }

    /// Why a step is cancelled, where its own limit is not the reason.
    func cancellationReason(of step: StepID) -> CancellationReason {
        if let interruption { return interruption.exitStatus == 124 ? .timeout : .interrupt }
        let index = plan.tasks.firstIndex { $0.id == step.task }
        return index.map { states[$0].timedOut } ?? false ? .timeout : stoppedBy == nil ? .interrupt : .failure
    }

    /// What a step of a task left running may serve the task's later steps.
    private func keeper(of step: PlannedStep) -> (@Sendable (Int32) -> Void)? {
        guard let task = step.id.task else { return nil }
        let isDetached = step.definition.isDetached
        return { group in
            onLoop {
                guard let tree = ProcessTree.kept(group) else { return }
                guard !isDetached else {
                    tree.detach()
                    return self.message(.notice, "left running: the process group \(group)", step: step.id)
                }
                self.leftOvers[task, default: []].append((tree, step.id))
            }
        }
    }
}
