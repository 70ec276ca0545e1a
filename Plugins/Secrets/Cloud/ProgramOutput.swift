import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem
import Synchronization

/// What a program prints that is asked for credentials, such as `az`.
struct ProgramOutput: Sendable {
    var status: ExitStatus
    var output: [UInt8]
    /// May hold what must not be shown.
    var errorText: String

    /// The most that is kept of each stream.
    private static let limit = 1 << 20

    /// Runs a program to its end, with empty standard input, in the recipe's folder and with the environment that ops
    /// was started with; its tree is ended after `timeout`.
    ///
    /// - Parameter command: the program, looked up in `PATH`, and its arguments.
    /// Throws: a `SecretFailure`: `invalid` where there is no such program, `unreachable` where it cannot be started
    /// or does not end.
    static func run(
        _ command: [String], _ context: SecretContext, timeout: Duration = .seconds(60)
    ) async throws(SecretFailure) -> ProgramOutput {
        let name = command.first ?? ""
        let path = context.environment["PATH"] ?? ExecutablePath.defaultSearchPath
        guard let executable = ExecutablePath.find(name, path: path, in: context.directory) else {
            throw SecretFailure(.invalid, "there is no program '\(name)'", hint: "install it, or correct PATH")
        }
        var spec = ChildSpec(
            executable: executable, arguments: Array(command.dropFirst()), environment: context.environment,
            directory: context.directory)
        spec.name = name
        let child = spec
        let output = Kept()
        do {
            let late = OpsError(.timeout, "'\(name)' did not end within \(timeout.text)")
            let result = try await withDeadline(timeout, late) {
                try await ChildProcess.run(child, grace: .seconds(2)) { output.add($0, $1) }
            }
            let (bytes, errors) = output.streams
            return ProgramOutput(
                status: result.status, output: bytes, errorText: String(decoding: errors, as: UTF8.self))
        } catch {
            throw SecretRequests.failure(of: error)
        }
    }

    private final class Kept: Sendable {
        private let kept = Mutex<(output: [UInt8], error: [UInt8])>(([], []))

        var streams: ([UInt8], [UInt8]) { kept.withLock { ($0.output, $0.error) } }

        func add(_ stream: ChildStream, _ bytes: UnsafeRawBufferPointer) {
            kept.withLock { kept in
                switch stream {
                case .output: kept.output += bytes.prefix(ProgramOutput.limit - kept.output.count)
                case .error: kept.error += bytes.prefix(ProgramOutput.limit - kept.error.count)
                }
            }
        }
    }
}
