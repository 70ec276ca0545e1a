import OpsCore
import OpsPlugin
import OpsSystem
import Synchronization

/// A program that is asked for a secret: started without a shell, bounded in time and output.
struct SecretProgram: Sendable {
    /// What it did, where it was started.
    struct Answer: Sendable {
        var status: ExitStatus
        /// May hold the secret: shown nowhere.
        var output: [UInt8]
        /// The last lines of its standard error on one line, without what it also printed on standard output.
        var said: String
    }

    /// A name that is looked up in `PATH`, or a path.
    var name: String
    var arguments: [String] = []
    /// What it reads on its standard input.
    var input: [UInt8] = []
    var environment: [String: String]
    /// What a relative name starts at, and the working directory.
    var directory: String
    /// People may have to answer a prompt of some.
    var limit = Duration.seconds(30)
    /// What to do where it is not installed.
    var installation: String?

    private static let outputLimit = 1 << 20
    private static let grace = Duration.seconds(1)

    /// The program's file; nil where there is none.
    var file: String? {
        ExecutablePath.find(name, path: environment["PATH"] ?? ExecutablePath.defaultSearchPath, in: directory)
    }

    /// Runs it to its end; cancelling the task ends it and what it started.
    ///
    /// Throws: a `SecretFailure`: `invalid` where it is not installed, cannot be started or prints more than 1 MiB,
    /// `unreachable` where the time is over or the run was cancelled.
    func run() async throws(SecretFailure) -> Answer {
        guard let file else { throw notInstalled }
        var spec = ChildSpec(executable: file, arguments: arguments, environment: environment, directory: directory)
        spec.name = name
        if !input.isEmpty { spec.input = .bytes(input) }
        let pages = CollectedStreams(limit: Self.outputLimit)
        do {
            let status = try await bounded(spec, pages)
            let (output, error) = pages.content
            return Answer(status: status, output: output, said: Self.lastLines(of: error, hiding: output))
        } catch let error as OpsError {
            let isLate = error.code == .timeout
            throw SecretFailure(isLate ? .unreachable : .invalid, error.message, hint: error.hint)
        } catch {
            throw SecretFailure(.unreachable, "'\(name)' was ended, since the run was cancelled")
        }
    }

    var notInstalled: SecretFailure {
        SecretFailure(
            .invalid, "the program '\(name)' is not installed, or not in PATH", hint: installation)
    }

    private func bounded(_ spec: ChildSpec, _ pages: CollectedStreams) async throws -> ExitStatus {
        let (name, limit) = (name, limit)
        return try await withThrowingTaskGroup(of: ExitStatus?.self) { group in
            group.addTask {
                try await ChildProcess.run(spec, grace: Self.grace) { pages.append($0, $1) }.status
            }
            group.addTask {
                try await EventLoop.shared.sleep(for: limit)
                throw OpsError(
                    .timeout, "'\(name)' did not end within \(limit.text)",
                    hint: "it may wait for an answer that nobody gives")
            }
            group.addTask {
                for await _ in pages.overflow {
                    throw OpsError(.invalid, "'\(name)' printed more than \(ByteSize.text(Self.outputLimit))")
                }
                return nil
            }
            defer { group.cancelAll() }
            while let status = try await group.next() { if let status { return status } }
            throw CancellationError()
        }
    }

    /// At most five lines and 400 characters.
    private static func lastLines(of error: [UInt8], hiding output: [UInt8]) -> String {
        var text = String(decoding: error, as: UTF8.self)
        for line in String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline) where line.count > 3 {
            text = text.replacing(line, with: "…")
        }
        let lines = text.split(whereSeparator: \.isNewline).suffix(5)
            .map { $0.filter { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } } }
            .map { $0.split(separator: " ").joined(separator: " ") }
        return String(lines.filter { !$0.isEmpty }.joined(separator: "; ").suffix(400))
    }
}

extension SecretProgram.Answer {
    /// `with exit status 3: what it said`, for messages.
    var ending: String { "with \(status)" + (said.isEmpty ? "" : ": \(said)") }
}

/// What a program printed on its two streams.
private final class CollectedStreams: Sendable {
    private struct State {
        var output: [UInt8] = []
        var error: [UInt8] = []
    }

    private let limit: Int
    private let state = Mutex(State())
    /// Has an element once there is more output than may be.
    let overflow: AsyncStream<Void>
    private let overflowed: AsyncStream<Void>.Continuation

    init(limit: Int) {
        self.limit = limit
        (overflow, overflowed) = AsyncStream.makeStream()
    }

    var content: (output: [UInt8], error: [UInt8]) { state.withLock { ($0.output, $0.error) } }

    func append(_ stream: ChildStream, _ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            switch stream {
            case .output:
                if state.output.count + bytes.count > limit { overflowed.yield() }
                state.output += bytes.prefix(limit - state.output.count)
            case .error:
                state.error += bytes
                state.error.removeFirst(max(0, state.error.count - 4096))
            }
        }
    }
}
