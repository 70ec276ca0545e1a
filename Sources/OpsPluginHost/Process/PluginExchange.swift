package import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// What a plugin's program says in one call, checked line by line against the protocol.
@EventLoopActor
final class PluginExchange {
    /// The most messages for people, and their bytes, that one call may send; what is more is counted and dropped.
    static let messageLimit = 10_000
    static let messageBytes = 4 << 20
    /// The most secrets that one call may find.
    static let secretLimit = 1000

    private let call: PluginCall
    private let listener: PluginListener
    private let secrets: [String: Secret]
    private var frames = LineFrames()
    private var errors = ErrorLines()
    private var isFlushing = false
    private(set) var result: PluginResult?
    private var outputs: ValueMap = [:]
    /// Why the call has failed, whatever the program still does.
    private(set) var failure: (any Error)?
    /// Ends the program; called once something makes its answer worthless.
    var abort: @EventLoopActor () -> Void = {}
    /// Told once the result is there.
    var answered: @EventLoopActor () -> Void = {}
    private var messages = 0
    private var messageSize = 0
    private var secretCount = 0
    private var lastProgress: UInt64?
    /// True once it said something that programs say when the kernel has stopped them.
    private(set) var isDenied = false

    init(_ call: PluginCall, _ listener: PluginListener) {
        self.call = call
        self.listener = listener
        secrets = call.request.secretsByName
    }

    private var name: String { call.plugin.manifest.name }

    func receive(_ stream: ChildStream, _ bytes: UnsafeRawBufferPointer) {
        switch stream {
        case .error:
            errors.append(bytes)
            flushLater()
        case .output:
            guard failure == nil else { return }
            for frame in frames.append(bytes) where failure == nil {
                switch frame {
                case .oversize(let start):
                    fail(
                        "a line on its standard output is longer than \(ByteSize.text(PluginProtocol.lineLimit))", start
                    )
                case .line(let line): receive(line)
                }
            }
        }
    }

    private func receive(_ line: [UInt8]) {
        guard result == nil else { return fail("it wrote a line after its result", line) }
        do throws(OpsError) {
            try take(try PluginMessage(line: line) { secrets[$0] })
        } catch {
            fail(error.message, line)
        }
    }

    private func take(_ message: PluginMessage) throws(OpsError) {
        switch message {
        case .log(let level, let text, let fields):
            say(level, fields.isEmpty ? text : text + Self.text(of: fields))
        case .progress(let progress):
            let now = Clock.ticks()
            // More often nobody can read it.
            if let lastProgress, progress.done != progress.total,
                Clock.elapsed(since: lastProgress) < .milliseconds(50)
            {
                return
            }
            lastProgress = now
            listener.progress(progress)
        case .secret(let name, let bytes):
            secretCount += 1
            guard secretCount <= Self.secretLimit else {
                throw OpsError(.invalid, "it found more than \(Self.secretLimit) secrets")
            }
            listener.secret(name, bytes)
        case .output(let stream, let text):
            isDenied = isDenied || Sandbox.isDenial(text)
            listener.output(stream, Array(text.utf8))
        case .outputs(let new):
            for (name, value) in new {
                if listener.isSecretOutput(name), let text = value.scalarText {
                    listener.secret(name, Array(text.utf8))
                }
                guard outputs.count < 1000 || outputs[name] != nil else {
                    throw OpsError(.invalid, "it has more than 1000 outputs")
                }
                outputs[name] = value
            }
        case .result(let result):
            guard result.id == call.request.id else {
                throw OpsError(.invalid, "its result is for the request '\(result.id)', not '\(call.request.id)'")
            }
            self.result = result
            answered()
        case .unknown: break
        }
    }

    private func say(_ level: PluginLogLevel, _ text: String) {
        messages += 1
        messageSize += text.utf8.count
        isDenied = isDenied || Sandbox.isDenial(text)
        if messages <= Self.messageLimit, messageSize <= Self.messageBytes { return listener.log(level, text) }
        if messages == Self.messageLimit + 1 || messageSize - text.utf8.count <= Self.messageBytes {
            listener.log(.warning, "the plugin '\(name)' says too much: further messages are dropped")
            messageSize = .max / 2
        }
    }

    private static func text(of fields: ValueMap) -> String {
        fields.reduce("") { "\($0) \($1.key)=\($1.value.scalarText ?? JSONWriter.text($1.value))" }
    }

    // MARK: Standard error

    /// A secret that the program announced on its other stream before must be known first: what is ready there is read
    /// in the meantime.
    private func flushLater() {
        guard !isFlushing, !errors.isEmpty else { return }
        isFlushing = true
        EventLoop.shared.after(.milliseconds(20)) {
            self.isFlushing = false
            self.flush()
        }
    }

    private func flush(isEnd: Bool = false) {
        for line in errors.take(isEnd: isEnd) {
            isDenied = isDenied || Sandbox.isDenial(line)
            listener.log(.debug, listener.redact(line).shortened(to: ErrorLines.shownLimit))
        }
    }

    // MARK: Failures

    /// The program broke the protocol: it is ended, and the error shows what it sent.
    private func fail(_ problem: String, _ line: [UInt8]) {
        var message = "the plugin '\(name)' broke the protocol: \(problem)"
        if call.mayQuote {
            let text = listener.redact(String(decoding: line, as: UTF8.self))
            message += ": '\(Self.printable(text.shortened(to: PluginProtocol.quoteLimit - 3)))'"
        }
        fail(
            OpsError(
                .protocolBroken, message,
                hint: "on standard output it may write protocol lines only; what it has to say goes to standard error"))
    }

    func fail(_ error: any Error) {
        guard failure == nil else { return }
        failure = error
        abort()
    }

    /// Control characters would steer the reader's terminal.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "␤" : $0 }))
    }

    /// The answer, once the program has ended.
    ///
    /// Throws: what broke the call.
    func finish(_ status: ExitStatus) throws -> PluginAnswer {
        flush(isEnd: true)
        if let failure { throw failure }
        guard let result else {
            let rest = frames.unfinished
            if !rest.isEmpty {
                fail("it ended (\(status)) in the middle of a line", rest)
                throw failure ?? CancellationError()
            }
            let said = call.mayQuote && !errors.last.isEmpty
            let last = listener.redact(errors.last).shortened(to: PluginProtocol.quoteLimit - 3)
            throw OpsError(
                .protocolBroken, "the plugin '\(name)' ended (\(status)) before it gave a result",
                hint: said ? "its last words: \(Self.printable(last))" : nil)
        }
        if !frames.unfinished.isEmpty {
            fail("it wrote a line after its result", frames.unfinished)
            throw failure ?? CancellationError()
        }
        if !status.isSuccess { listener.log(.warning, "the plugin '\(name)' ended with \(status) after its result") }
        return PluginAnswer(result: result, outputs: outputs)
    }
}

extension OpsError.Code {
    /// A plugin's program did not speak as it must.
    package static let protocolBroken = OpsError.Code("protocol")
    /// What it did is not what it had planned.
    package static let planMismatch = OpsError.Code(PluginError.Code.planMismatch.rawValue)
}
