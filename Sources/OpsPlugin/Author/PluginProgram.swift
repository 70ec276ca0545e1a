import Glibc
import Logging
import OpsCore
import OpsSystem
import OrderedCollections
import Synchronization

/// One call of a plugin that is a program: the request, the work beside the host's further lines, the result.
struct PluginProgram: Sendable {
    let manifest: ManifestDeclaration
    let pipes: PluginPipes
    private var plugin: Plugin { manifest.plugin }

    /// How long the work may go on once the host is gone.
    private static let grace: Duration = .seconds(5)
    /// How long a child process has between SIGTERM and SIGKILL: less than the host gives this program.
    private static let childGrace: Duration = .seconds(2)

    /// Answers; gives the exit status.
    func answer() async -> Int32 {
        let sender = PluginSender(pipes.output)
        let request: PluginRequest
        let lines: HostLines
        do {
            let (frame, rest) = try await onThread { [lines = HostLines(pipes.input)] _ in
                var lines = lines
                return (lines.next(), lines)
            }
            lines = rest
            switch frame {
            case nil: throw OpsError(.invalid, "the input ended before the request")
            case .oversize: throw OpsError(.invalid, "the request is larger than a line of the protocol may be")
            case .line(let line):
                switch try PluginHostMessage(line: line) {
                case .request(let first): request = first
                case .unsupported(let major, let id):
                    sender.finish(unsupported(major, id))
                    return 0
                case .cancel, .unknown: throw OpsError(.invalid, "the first line is no request")
                }
            }
        } catch {
            let text = Array("\(plugin.name): \(OpsError.text(of: error))\n".utf8)
            try? writeAll(text, to: 2, path: "standard error")
            return 2
        }
        // Not on the loop: an author's action may block.
        let reason = CancellationReasonBox()
        let work = Task.detached { await perform(request, sender, reason) }
        listen(lines, request.id, work, reason)
        sender.finish(await work.value)
        return 0
    }

    private func unsupported(_ major: Int, _ id: String) -> PluginResult {
        var result = PluginResult(id: id, status: .error)
        result.error = PluginError(
            .unsupported, "'\(plugin.name)' speaks protocol \(PluginProtocol.major), ops speaks protocol \(major)",
            hint: "take a version of the plugin that speaks it")
        return result
    }

    /// Cancels the work when the host asks for it or is gone; on a thread that ends with the program.
    private func listen(
        _ lines: HostLines, _ id: String, _ work: Task<PluginResult, Never>, _ reason: CancellationReasonBox
    ) {
        Task.detached {
            try? await onThread { _ in
                var lines = lines
                while let frame = lines.next() {
                    guard case .line(let line) = frame else { break }
                    if case .cancel(let cancelled, let why, _) = try? PluginHostMessage(line: line), cancelled == id {
                        reason.set(why)
                        work.cancel()
                    }
                }
                work.cancel()
            }
            try? await EventLoop.shared.sleep(for: Self.grace)
            _exit(1)
        }
    }

    private func perform(
        _ request: PluginRequest, _ sender: PluginSender, _ reason: CancellationReasonBox
    ) async -> PluginResult {
        var result = PluginResult(id: request.id, status: .ok)
        do {
            switch request.verb {
            case .describe: result.manifest = manifest.json
            case .plan:
                let action = try action(request)
                let context = PlanContext(
                    directory: request.directory, environment: Self.environment, step: step(request),
                    isOnline: request.isOnline)
                let plan = try await action.plan(arguments(request, action), context)
                result.effects = plan.effects
                try send(plan.outputs, sender)
            case .apply:
                let action = try action(request)
                try send(
                    try await action.run(arguments(request, action), context(request, sender, reason)), sender)
            case .fetch: result.values = await fetch(request, sender)
            }
        } catch {
            if error is CancellationError || Task.isCancelled {
                result = PluginResult(id: request.id, status: .cancelled)
            } else {
                result = PluginResult(id: request.id, status: .error)
                result.error = PluginError(caught: error)
            }
        }
        return result
    }

    private func send(_ outputs: [String: Value], _ sender: PluginSender) throws {
        let sorted = outputs.sorted { $0.key < $1.key }
        if !sorted.isEmpty {
            try sender.send(.outputs(ValueMap(uniqueKeysWithValues: sorted.map { ($0.key, $0.value) })))
        }
    }

    private func action(_ request: PluginRequest) throws(OpsError) -> any Action {
        let name = "\(plugin.name).\(request.action ?? "")"
        guard let action = plugin.actions.first(where: { $0.declaration.name == name }) else {
            throw OpsError(.unsupported, "'\(plugin.name)' has no action '\(request.action ?? "")'")
        }
        return action
    }

    private func step(_ request: PluginRequest) -> StepOptions {
        StepOptions(task: request.step?.task ?? "", step: request.step?.name ?? "")
    }

    private func arguments(_ request: PluginRequest, _ action: any Action) -> Arguments {
        var values = request.inputs
        for parameter in action.declaration.parameters where values[parameter.name] == nil {
            values[parameter.name] = parameter.defaultValue
        }
        return Arguments(values, label: action.declaration.name)
    }

    private func context(
        _ request: PluginRequest, _ sender: PluginSender, _ reason: CancellationReasonBox
    ) -> RunContext {
        let temporary = request.temporary
        var context = RunContext(
            directory: request.directory, environment: Self.environment, step: step(request),
            temporaryDirectory: { () throws(OpsError) in
                guard let temporary else { throw OpsError(.unsupported, "ops gave no temporary folder") }
                return temporary
            }, outputFile: (temporary ?? request.directory) + "/outputs", logger: logger(request, sender),
            output: { sender.output($0, $1) }, progress: { try? sender.send(.progress($0)) }, grace: Self.childGrace)
        context.timeout = request.timeout
        context.plannedOutputs = request.plannedOutputs ?? [:]
        context.mask = { name, bytes in try? sender.send(.secret(name: name, bytes: bytes)) }
        context.cancellationReason = { reason.value }
        return context
    }

    private func logger(_ request: PluginRequest, _ sender: PluginSender) -> Logger {
        var logger = Logger(label: plugin.name) { _ in MessageLogHandler(sender: sender) }
        logger.logLevel = request.logLevel.loggerLevel
        return logger
    }

    /// The answers in the order of the references; those of one scheme are asked for at once.
    private func fetch(_ request: PluginRequest, _ sender: PluginSender) async -> [Result<[UInt8], SecretFailure>] {
        let session = SecretSession(
            SecretSession.Listener(masks: { name, bytes in try? sender.send(.secret(name: name, bytes: bytes)) }))
        let context = SecretContext(
            directory: request.directory, environment: Self.environment, logger: logger(request, sender),
            session: session)
        var answers = request.references.map { reference -> Result<[UInt8], SecretFailure> in
            .failure(SecretFailure(.invalid, "'\(plugin.name)' has no scheme '\(reference.scheme)'"))
        }
        for provider in plugin.secretProviders {
            var places: [Int] = []
            for (place, reference) in request.references.enumerated() where reference.scheme == provider.scheme {
                do throws(OpsError) {
                    try provider.check(reference)
                    places.append(place)
                } catch {
                    answers[place] = .failure(SecretFailure(.invalid, error.message, hint: error.hint))
                }
            }
            guard !places.isEmpty else { continue }
            let values = await provider.fetch(places.map { request.references[$0] }, context)
            for (place, value) in zip(places, values) { answers[place] = value }
        }
        return answers
    }

    /// What ops gave this program, without its own variable.
    private static var environment: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        variables[PluginProtocol.variable] = nil
        return variables
    }
}

/// Why the call was cancelled; the end of input is an interrupt.
final class CancellationReasonBox: Sendable {
    private let reason = Mutex(CancellationReason.interrupt)

    var value: CancellationReason { reason.withLock { $0 } }

    func set(_ value: CancellationReason) { reason.withLock { $0 = value } }
}
