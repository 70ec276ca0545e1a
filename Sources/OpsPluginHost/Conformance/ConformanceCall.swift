import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// One start of the program by the kit: what is sent, and what came of it.
struct ConformanceCall: Sendable {
    /// What happens once the first bytes are sent.
    enum Then: Sendable {
        /// The input stays open until the program ends.
        case wait
        /// The input ends.
        case closeInput
        /// More of it, once the program has written something, or has been silent for a second.
        case send([UInt8])
        /// SIGTERM, at the same time.
        case terminate
    }

    /// For messages: `apply of 'Pack a folder'`.
    var label: String
    var verb: PluginVerb
    var input: [UInt8]
    var then = Then.wait
    /// How long it may take; what is still there then is killed.
    var limit: Duration = .seconds(30)
    var directory: String
    /// False: the variable that ops sets is left out.
    var isByOps = true
    /// The request, where the input is a good one.
    var request: PluginRequest?
    /// The id that the result must have; nil where the input is no good request.
    var id: String? { request?.id }
}

/// What the kit saw of one call.
struct ConformanceAnswer: Sendable {
    var call: ConformanceCall
    /// The lines of standard output, without their ends.
    var lines: [[UInt8]] = []
    /// What stood behind the last line's end.
    var unfinished: [UInt8] = []
    var isOversize = false
    var errorOutput: [UInt8] = []
    /// Nil where it was ended by the kit.
    var status: ExitStatus?
    var endedLeftOvers = false
    /// How long it took to end: since it was told to, else since its start.
    var duration: Duration = .zero
    /// The permissions that held it, where it says that something was denied.
    var permissions: String?

    /// The results among the lines.
    var results: [PluginResult] {
        lines.compactMap { line in
            guard case .result(let result) = try? PluginMessage(line: line) else { return nil }
            return result
        }
    }

    /// The last result as it came; nil where there is none.
    var resultMembers: Value? {
        lines.last { (try? PluginMessage(line: $0)).map { if case .result = $0 { true } else { false } } ?? false }
            .flatMap { try? JSONReader.value($0) }
    }

    /// All outputs that were sent; a later value of a name replaces an earlier one.
    var outputs: ValueMap {
        var all = ValueMap()
        for line in lines {
            guard case .outputs(let some) = try? PluginMessage(line: line) else { continue }
            all.merge(some) { $1 }
        }
        return all
    }

    /// For a message: how it ended.
    var ending: String {
        guard let status else { return "it had to be killed" }
        let words = String(decoding: errorOutput.prefix(200), as: UTF8.self).split(separator: "\n").last
        return status.description + (words.map { ", and said: \($0)" } ?? "")
    }
}

/// Starts the program for one call and hears it to its end.
@EventLoopActor
enum ConformanceProcess {
    /// More of standard output or error than this is not kept.
    private static let keptBytes = 64 << 20

    /// A program that says nothing is taken to be at work after this.
    private static let silence: Duration = .seconds(1)

    @EventLoopActor
    private final class Ears {
        var answer: ConformanceAnswer
        var frames = LineFrames()

        init(_ call: ConformanceCall) { answer = ConformanceAnswer(call: call) }

        /// Called once, when the program is at work.
        var started: (@EventLoopActor () -> Void)?

        private var begunAt: UInt64?

        func begin() {
            guard let started else { return }
            self.started = nil
            begunAt = Clock.ticks()
            started()
        }

        /// Since `started` was called, else since the start.
        func duration(since start: UInt64) -> Duration { Clock.elapsed(since: begunAt ?? start) }

        func hear(_ stream: ChildStream, _ bytes: UnsafeRawBufferPointer) {
            begin()
            if stream == .error {
                if answer.errorOutput.count < keptBytes { answer.errorOutput += bytes }
                return
            }
            for frame in frames.append(bytes) {
                switch frame {
                case .line(let line): answer.lines.append(line)
                case .oversize: answer.isOversize = true
                }
            }
        }
    }

    /// - Parameters:
    ///   - plugin: what ops would start it as.
    ///   - program: its file.
    static func run(_ call: ConformanceCall, as plugin: PluginCall, program: String) async throws -> ConformanceAnswer {
        var environment = plugin.programEnvironment
        if !call.isByOps { environment[PluginProtocol.variable] = nil }
        var spec = ChildSpec(
            executable: program, arguments: [call.verb.rawValue], environment: environment, directory: call.directory)
        spec.sandboxes = plugin.layers
        let input = ChildInput(call.input)
        spec.input = .conversation(input)
        spec.marker = "\(PluginCall.markerVariable)=\(plugin.marker)"
        let ears = Ears(call)
        let start = Clock.ticks()
        let work = Task(executorPreference: EventLoop.shared) {
            try await ChildProcess.run(spec, grace: plugin.grace) { stream, bytes in
                // The call returns before the buffer goes.
                nonisolated(unsafe) let bytes = bytes
                EventLoop.assumeIsolated { ears.hear(stream, bytes) }
            }
        }
        let timer = EventLoop.shared.after(call.limit) { work.cancel() }
        defer { EventLoop.shared.cancelTimer(timer) }
        switch call.then {
        case .wait: break
        // What was sent before is in the pipe by then.
        case .closeInput: EventLoop.shared.after(.milliseconds(50)) { input.close() }
        case .send(let bytes):
            ears.started = { input.send(bytes) }
            EventLoop.shared.after(silence) { ears.begin() }
        case .terminate:
            ears.started = { work.cancel() }
            EventLoop.shared.after(silence) { ears.begin() }
        }
        let outcome = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        input.close()
        try Task.checkCancellation()
        let words = [ears.answer.errorOutput] + ears.answer.lines
        if words.contains(where: { Sandbox.isDenial(String(decoding: $0, as: UTF8.self)) }) {
            ears.answer.permissions = plugin.hint(nil, isDenied: true)
        }
        ears.answer.duration = ears.duration(since: start)
        ears.answer.unfinished = ears.frames.unfinished
        switch outcome {
        case .success(let child):
            ears.answer.status = child.status
            ears.answer.endedLeftOvers = child.endedLeftOvers
        case .failure(is CancellationError): break
        case .failure(let error): throw error
        }
        return ears.answer
    }
}
