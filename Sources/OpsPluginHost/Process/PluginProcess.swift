import OpsCore
import OpsPlugin
import OpsSystem

/// One call of a plugin's program: started, asked, heard, ended.
enum PluginProcess {
    /// How long a program may live on after its result.
    private static let lingering: Duration = .seconds(10)
    /// The time between SIGTERM and SIGKILL for a program that had its grace before.
    private static let lastGrace: Duration = .seconds(2)

    /// Cancelling the calling task asks the program to end: by a line where it knows that, then, after the grace, by the
    /// end of its input and SIGTERM to its group, at last by SIGKILL. Processes it leaves are ended.
    ///
    /// Throws: an `OpsError` where it cannot be started or breaks the protocol, or its limit passes; `CancellationError`.
    static func run(_ call: PluginCall, _ listener: PluginListener) async throws -> PluginAnswer {
        let program = try call.plugin.program()
        var spec = ChildSpec(
            executable: program, arguments: [call.request.verb.rawValue], environment: call.programEnvironment,
            directory: call.request.directory)
        spec.marker = "\(PluginCall.markerVariable)=\(call.marker)"
        spec.sandboxes = call.layers
        // Those of the step were made with it.
        if call.request.verb == .apply { Sandbox.makeFolders(of: spec.sandboxes) }
        let input = ChildInput(call.request.encoded() + [0x0A])
        spec.input = .conversation(input)
        return try await run(spec, input, call, listener)
    }

    /// The error that says what may have stopped the program.
    private static func told(_ error: any Error, _ call: PluginCall, isDenied: Bool) -> any Error {
        guard var error = error as? OpsError else { return error }
        error.hint = call.hint(error.hint, isDenied: isDenied || Sandbox.isDenial(error.message))
        return error
    }

    @EventLoopActor
    private static func run(
        _ spec: ChildSpec, _ input: ChildInput, _ call: PluginCall, _ listener: PluginListener
    ) async throws -> PluginAnswer {
        let exchange = PluginExchange(call, listener)
        let work = Task(executorPreference: EventLoop.shared) {
            try await ChildProcess.run(spec, grace: lastGrace) { stream, bytes in
                // The call returns before the buffer goes.
                nonisolated(unsafe) let bytes = bytes
                EventLoop.assumeIsolated { exchange.receive(stream, bytes) }
            }
        }
        let ending = Ending(input, work)
        defer { ending.forgetTimers() }
        exchange.abort = { ending.now() }
        exchange.answered = {
            ending.after(lingering) {
                listener.log(.warning, "the plugin '\(call.plugin.manifest.name)' did not end after its result")
                ending.now()
            }
        }
        if let limit = call.limit {
            ending.after(limit) {
                let problem = "the plugin '\(call.plugin.manifest.name)' gave no answer within \(limit.text)"
                exchange.fail(OpsError(.unavailable, problem))
            }
        }
        let outcome = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            EventLoop.shared.perform {
                guard call.cancellation == .graceful, exchange.failure == nil else { return ending.now() }
                input.send(
                    PluginHostMessage.cancelLine(
                        id: call.request.id, reason: listener.cancellationReason(), grace: call.grace) + [0x0A])
                ending.after(call.grace) { ending.now() }
            }
        }
        input.close()
        do {
            try Task.checkCancellation()
            var status = ExitStatus.exited(0)
            switch outcome {
            case .success(let child):
                status = child.status
                if child.endedLeftOvers {
                    listener.log(
                        .warning, "ended processes that the plugin '\(call.plugin.manifest.name)' had left running")
                }
            case .failure(let error):
                if let failure = exchange.failure { throw failure }
                // It lingered after its result, and was ended.
                guard error is CancellationError else { throw error }
            }
            var answer = try exchange.finish(status)
            if let error = answer.result.error {
                let isDenied = exchange.isDenied || Sandbox.isDenial(error.message)
                answer.result.error?.hint = call.hint(error.hint, isDenied: isDenied)
            }
            return answer
        } catch {
            throw told(error, call, isDenied: exchange.isDenied)
        }
    }
}

/// How a program is brought to its end, and the timers that may do so.
@EventLoopActor
private final class Ending {
    private let input: ChildInput
    private let work: Task<ChildResult, any Error>
    private var timers: [UInt64] = []

    init(_ input: ChildInput, _ work: Task<ChildResult, any Error>) {
        self.input = input
        self.work = work
    }

    /// The end of its input, and SIGTERM.
    func now() {
        input.close()
        work.cancel()
    }

    func after(_ time: Duration, _ body: @escaping @EventLoopActor () -> Void) {
        timers.append(EventLoop.shared.after(time, body))
    }

    func forgetTimers() { for timer in timers { EventLoop.shared.cancelTimer(timer) } }
}
