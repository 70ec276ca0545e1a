import OpsCore
import OpsPlugin
import OpsSystem

/// Takes in one attempt's own output: masks it, keeps its end for a failure's message, writes the log.
final class StepOutput {
    let step: StepID
    private var outputRedactor: StreamRedactor
    private var errorRedactor: StreamRedactor
    private let log: LogFile?
    /// The last bytes, enough for ten lines.
    private var tail: [UInt8] = []
    private static let tailLimit = 4096

    init(step: StepID, registry: SecretRegistry, log: LogFile?) {
        self.step = step
        self.log = log
        outputRedactor = StreamRedactor(registry)
        errorRedactor = StreamRedactor(registry)
    }

    /// The masked bytes that may be let go now; may be empty.
    func receive(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream) throws -> [UInt8] {
        var masked: [UInt8] = []
        switch stream {
        case .standardOutput: outputRedactor.feed(bytes, into: &masked)
        case .standardError: errorRedactor.feed(bytes, into: &masked)
        }
        try keep(masked)
        return masked
    }

    /// What was held back of a stream that has ended.
    func finish(_ stream: OutputStream) throws -> [UInt8] {
        var masked: [UInt8] = []
        switch stream {
        case .standardOutput: outputRedactor.finish(into: &masked)
        case .standardError: errorRedactor.finish(into: &masked)
        }
        try keep(masked)
        return masked
    }

    private func keep(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        // A slice: `suffix` would be the one that goes through all of a sequence.
        tail += bytes[max(0, bytes.count - Self.tailLimit)...]
        if tail.count > 2 * Self.tailLimit { tail.removeFirst(tail.count - Self.tailLimit) }
        try log?.append(bytes)
    }

    /// The last lines that it printed, at most ten.
    var lastLines: [String] {
        let lines = tail.suffix(Self.tailLimit).split(separator: 0x0A).suffix(10)
        return lines.map { line in String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self) }
    }
}

extension Run {
    func openOutput(_ step: PlannedStep) -> Int {
        nextToken += 1
        outputs[nextToken] = StepOutput(step: step.id, registry: secrets.registry, log: logs.file(for: step.id.task))
        return nextToken
    }

    func received(_ bytes: UnsafeRawBufferPointer, _ stream: OutputStream, _ token: Int) {
        guard let output = outputs[token] else { return }
        pass(output, stream) { try output.receive(bytes, stream) }
    }

    func closeOutput(_ token: Int) -> StepOutput? {
        guard let output = outputs.removeValue(forKey: token) else { return nil }
        for stream in [OutputStream.standardOutput, .standardError] {
            pass(output, stream) { try output.finish(stream) }
        }
        return output
    }

    private func pass(_ output: StepOutput, _ stream: OutputStream, _ body: () throws -> [UInt8]) {
        do {
            let bytes = try body()
            if !bytes.isEmpty { emit(.output(output.step, stream, bytes)) }
        } catch {
            interrupt(Interruption(reason: "the log cannot be written: \(OpsError.text(of: error))", exitStatus: 1))
        }
    }
}
