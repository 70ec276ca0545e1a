import Glibc
import OpsCore
import OpsEngine
import OpsSystem

/// Tells the CI service in whose job ops runs each value to mask, by the service's own means: what runs behind ops in the
/// same job may print it too.
@EventLoopActor
final class HostMask {
    private let run: Run
    private let environment: [String: String]
    private var hasWarned = false
    private var telling: [_Concurrency.Task<Void, Never>] = []

    /// How long the end of a run waits for an agent that was told late.
    private static let limit: Duration = .seconds(5)

    private init(_ run: Run, _ environment: [String: String]) {
        self.run = run
        self.environment = environment
    }

    /// From now on, for all that the run comes to know, before any step gets it. Nothing where no such service is there.
    ///
    /// Gives what is to be ended with the run.
    static func begin(_ run: Run, _ reporters: Reporters, environment: [String: String]) -> HostMask? {
        if environment["GITHUB_ACTIONS"] == "true" {
            run.secretRegistry.observe { registration in
                perform { reporters.tellRunner(registration.values) }
            }
            return nil
        } else if environment["BUILDKITE"] == "true" {
            let mask = HostMask(run, environment)
            run.secretRegistry.observe { registration in
                perform { for value in registration.values { mask.tellAgent(value) } }
            }
            return mask
        }
        return nil
    }

    /// Waits until the agent knows all, a few seconds at most.
    func end() async {
        let telling = telling
        let timer = EventLoop.shared.after(Self.limit) { for task in telling { task.cancel() } }
        for task in telling { await task.value }
        EventLoop.shared.cancelTimer(timer)
    }

    private nonisolated static func perform(_ body: @escaping @Sendable @EventLoopActor () -> Void) {
        if EventLoop.shared.isCurrent {
            EventLoop.assumeIsolated(body)
        } else {
            EventLoop.shared.submit { EventLoop.assumeIsolated(body) }
        }
    }

    private func tellAgent(_ value: [UInt8]) {
        guard let name = BuildkiteRedactor.command.first,
            let file = ExecutablePath.find(
                name, path: environment["PATH"] ?? ExecutablePath.defaultSearchPath, in: "/")
        else { return warn("'buildkite-agent' is not installed") }
        var spec = ChildSpec(
            executable: file, arguments: Array(BuildkiteRedactor.command.dropFirst()), environment: environment)
        spec.input = .bytes(value)
        let command = spec
        let task = _Concurrency.Task(executorPreference: EventLoop.shared) {
            do {
                let result = try await ChildProcess.run(command, grace: .seconds(1)) { _, _ in }
                if !result.status.isSuccess { await self.warn("it ended with \(result.status)") }
            } catch { await self.warn(OpsError.text(of: error)) }
        }
        telling.append(task)
    }

    private func warn(_ problem: String) {
        guard !hasWarned else { return }
        hasWarned = true
        let run = run
        // Not from within what registers a value: the run may be in the midst of taking it in.
        EventLoop.shared.submit {
            EventLoop.assumeIsolated { run.warn("the Buildkite agent could not be told what to mask: \(problem)") }
        }
    }
}
