import Logging
package import OpsCore
package import OpsPlugin
import OpsSystem

/// `run`: text is a script for the step's shell, a list is a command (ops-recipe(5), "Actions").
package struct RunAction: Action {
    package init() {}

    package var declaration: ActionDeclaration { Self.runDeclaration }

    private static let runDeclaration =
        ActionDeclaration(
            name: "run", summary: "Run a command or a script",
            description: """
                A list is a command: its first item is the program, no shell is involved, and a list as a whole item \
                is spliced in. Text is a script for the step's `shell`; it is constant, and values reach it through \
                the environment. Standard input is empty unless the step sets `stdin`; `stdout` writes a file whole \
                or not at all. Any exit status but 0 fails the step.
                """,
            parameters: [
                Parameter(
                    "command", .any, "Script text, or a list of a program and its arguments", required: true,
                    example: .list([.string("make"), .string("all")]))
            ],
            shorthand: "command",
            examples: [
                ActionExample("A command", "run: [ echo, Hello ]"),
                ActionExample("A script that gets a value", "run: echo \"Hello $NAME\"\nenv: { NAME: world }"),
            ])

    package func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        var effects: [Effect] = []
        switch try Command(arguments, shell: context.step.shell) {
        case .script(let text, let interpreter):
            let path = context.environment["PATH"] ?? ExecutablePath.defaultSearchPath
            guard ExecutablePath.find(interpreter.program, path: path, in: context.directory) != nil else {
                throw notFound(interpreter.program, path)
            }
            effects.append(Effect(.execute, Command.summary(ofScript: text), detail: "\(interpreter.program) script"))
        case .command(let words): effects.append(Effect(.execute, Command.summary(of: words)))
        }
        if let file = context.step.standardOutput {
            if case .standardOutput? = context.step.returns {
                throw OpsError(
                    .invalid, "standard output goes to '\(file)', so 'returns' cannot give it a name",
                    hint: "take away 'stdout' or 'returns'")
            }
            effects.append(Effect(.write, context.absolute(file)))
        }
        var outputs: [String: Value] = [:]
        switch context.step.returns {
        case nil: break
        case .standardOutput(let name): outputs[name] = .unknown(Unknown(name, type: .string))
        case .declared(let types):
            for (name, type) in types {
                outputs[name] =
                    type == .secret
                    ? .secret(Secret(planned: [OutputFile.secretName(name, context.step)]))
                    : .unknown(Unknown(name, type: type))
            }
        }
        return ActionPlan(effects: effects, outputs: outputs)
    }

    package func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let command = try Command(arguments, shell: context.step.shell)
        var words: [String]
        let summary: String
        var script: String?
        defer { if let script { try? removeTree(script) } }
        switch command {
        case .command(let values):
            words = try Command.words(of: values)
            summary = Command.summary(of: values)
        case .script(let text, let interpreter):
            // In the run's private folder: a folder for it alone would cost a tenth of a short step.
            let file = context.outputFile + "-script" + interpreter.fileExtension
            try writePrivateFile(Array(text.utf8), to: file)
            script = file
            words = interpreter.command + [file] + context.step.arguments
            summary = Command.summary(ofScript: text)
        }
        // An earlier attempt's outputs are not this one's.
        try removeTree(context.outputFile)
        let output = try await start(words, summary, context)
        switch context.step.returns {
        case .standardOutput(let name): return [name: .string(try output.trimmedText(name))]
        case .declared(let types): return try OutputFile.values(context.outputFile, types, context.step)
        case nil:
            if let status = FileStatus.find(context.outputFile), status.size > 0 {
                throw OpsError(
                    .mismatch, "it wrote outputs to OPS_OUTPUT, but its step declares none",
                    hint: "declare them: 'returns: { NAME: string }'")
            }
            return [:]
        }
    }

    private func start(_ words: [String], _ summary: String, _ context: RunContext) async throws -> CapturedOutput {
        let step = context.step
        let path = context.environment["PATH"] ?? ExecutablePath.defaultSearchPath
        guard let executable = ExecutablePath.find(words[0], path: path, in: context.directory) else {
            throw notFound(words[0], path)
        }
        var spec = ChildSpec(
            executable: executable, arguments: Array(words.dropFirst()), environment: context.environment,
            directory: context.directory)
        spec.name = words[0]
        // The folder is ours to say, as a shell's `cd` would; the caller's PWD names another.
        if let folder = spec.environment["PWD"], folder != context.directory {
            spec.environment["PWD"] = context.directory
        }
        spec.isInteractive = step.isInteractive
        spec.marker = "OPS_OUTPUT=" + context.outputFile
        spec.sandboxes = context.sandboxes
        spec.leftOvers = context.keepProcesses == nil ? .end : .keep
        if let input = try inputBytes(step.standardInput) { spec.input = .bytes(input) }
        let captured = CapturedOutput(
            isNeeded: step.returns.map { if case .standardOutput = $0 { true } else { false } } ?? false)
        let result: ChildResult
        if let name = step.standardOutput {
            let file = try AtomicFile(context.absolute(name))
            spec.output = .file(file.descriptor)
            result = try await run(spec, captured, context)
            try check(result, summary)
            // The rename is quick once the bytes are on the disk, and that wait is not the event loop's.
            let descriptor = file.descriptor
            try await onThread { _ in _ = syncFile(descriptor) }
            try file.commit()
        } else {
            result = try await run(spec, captured, context)
            try check(result, summary)
        }
        return captured
    }

    private func run(_ spec: ChildSpec, _ captured: CapturedOutput, _ context: RunContext) async throws -> ChildResult {
        let result = try await ChildProcess.run(spec, grace: context.grace) { stream, bytes in
            if stream == .output { captured.append(bytes) }
            context.output(stream == .output ? .standardOutput : .standardError, bytes)
        }
        if !spec.sandboxes.isEmpty, let news = SandboxSupport.news() { context.logger.warning("\(news)") }
        if result.endedLeftOvers { context.logger.warning("ended processes that the command had left running") }
        if let group = result.leftOver { context.keepProcesses?(group.id) }
        return result
    }

    private func check(_ result: ChildResult, _ summary: String) throws(CommandFailure) {
        if result.status.isSuccess { return }
        var signal: Int?
        if case .signalled(let number) = result.status { signal = Int(number) }
        throw CommandFailure(exitStatus: Int(result.status.code), signal: signal, command: summary)
    }

    private func inputBytes(_ value: Value?) throws(OpsError) -> [UInt8]? {
        switch value {
        case nil, .null?: return nil
        case .secret(let secret)?:
            guard let bytes = secret.reveal() else { throw OpsError(.invalid, "'stdin': the secret was not fetched") }
            return bytes
        case let value?:
            guard let text = value.scalarText else {
                throw OpsError(.invalid, "'stdin' needs text, got \(value.type)", hint: "use toJSON or join")
            }
            return Array(text.utf8)
        }
    }

    private func notFound(_ program: String, _ path: String) -> OpsError {
        if program.utf8.contains(UInt8(ascii: "/")) {
            return OpsError(
                .notFound, "no program '\(program)'",
                hint: "it is relative to the task's 'dir', and must be an executable file")
        }
        return OpsError(.notFound, "the program '\(program)' is not installed", hint: "looked in PATH: \(path)")
    }
}
