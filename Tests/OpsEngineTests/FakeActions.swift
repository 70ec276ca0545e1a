import Logging
import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import OpsSystem
import OrderedCollections
import TestKit

/// Waits, fails or gives outputs, by its parameters, and records that it was called.
struct FakeRun: Action {
    /// `run` takes constant text only; `fake.run` takes parameters and expressions.
    var name = "fake.run"
    let record: CallRecord
    let clock: VirtualClock

    var declaration: ActionDeclaration {
        ActionDeclaration(
            name: name, summary: "Does as it is told",
            parameters: [
                Parameter("command", .any, "What it is called in the record"),
                Parameter("wait", .duration, "How long it takes"),
                Parameter("fail", .integer, "The exit status it fails with"),
                Parameter("fail-first", .integer, "How many attempts fail"),
                Parameter("password", .string, "A secret", secret: true),
            ], shorthand: "command")
    }

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        ActionPlan(effects: [Effect(.execute, arguments.plannedString("command") ?? "?")])
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let name = try arguments.optionalString("command") ?? context.environment["OPS_TASK"] ?? ""
        let span = record.begin(name, at: await clock.ticks)
        do {
            let outputs = try await outputs(arguments, context, name)
            record.end(span, at: await clock.ticks)
            return outputs
        } catch {
            record.end(span, at: await clock.ticks)
            throw error
        }
    }

    private func outputs(_ arguments: Arguments, _ context: RunContext, _ name: String) async throws -> [String: Value]
    {
        if let wait = try arguments.optionalDuration("wait") { try await clock.sleep(for: wait) }
        if let status = try arguments.optionalInteger("fail") {
            throw CommandFailure(exitStatus: status, command: name)
        }
        if let first = try arguments.optionalInteger("fail-first"),
            Int(context.environment["OPS_ATTEMPT"] ?? "") ?? 0 <= first
        {
            throw CommandFailure(exitStatus: 75, command: name)
        }
        if let text = context.environment["SAY"] {
            Array(text.utf8).withUnsafeBytes { context.output(.standardOutput, $0) }
        }
        if case .standardOutput(let output)? = context.step.returns { return [output: .string("made by \(name)")] }
        return [:]
    }
}

/// `fake.make`: writes a file in the plan only; its output is known where its input is settled.
struct FakeMake: Action {
    let record: CallRecord

    var declaration: ActionDeclaration {
        ActionDeclaration(
            name: "fake.make", summary: "Makes a file of another",
            parameters: [
                Parameter("from", .path(.read), "What it reads"),
                Parameter("to", .path(.write), "What it makes", required: true),
            ], outputs: [OutputDeclaration("digest", .string, "Of what it made")])
    }

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        let target = context.absolute(try arguments.string("to"))
        var effects = [Effect(.write, target)]
        guard let from = try arguments.optionalString("from") else {
            return ActionPlan(effects: effects, outputs: ["digest": .string("digest of \(target)")])
        }
        effects.append(Effect(.read, context.absolute(from)))
        guard context.isSettled(context.absolute(from)) else { return ActionPlan(effects: effects) }
        return ActionPlan(effects: effects, outputs: ["digest": .string("digest of \(target)")])
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let target = context.absolute(try arguments.string("to"))
        record.start(target)
        record.end()
        return ["digest": .string("digest of \(target)")]
    }
}

/// `fake://NAME`: `there…` is present, `gone…` missing, what else unknown before a run; `slow` waits.
struct FakeProvider: SecretProvider {
    var scheme: String { "fake" }
    var summary: String { "Made up" }
    var example: String { "fake://there" }

    func check(_ reference: SecretReference) throws(OpsError) {}

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence {
        if reference.path.hasPrefix("there") { return .present }
        return reference.path.hasPrefix("gone") ? .missing : .unknown
    }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<[UInt8], SecretFailure>] {
        var results: [Result<[UInt8], SecretFailure>] = []
        for reference in references {
            if reference.path == "slow" {
                do { try await EventLoop.shared.sleep(for: .seconds(60)) } catch {
                    results.append(.failure(SecretFailure(.unreachable, "interrupted")))
                    continue
                }
            }
            if reference.path.hasPrefix("there") {
                results.append(.success(Array("value-of-\(reference.path)".utf8)))
            } else {
                results.append(.failure(SecretFailure(.missing, "nothing at \(reference)")))
            }
        }
        return results
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        .success(SecretProbe(""))
    }
}

/// Keeps all events.
final class EventList: RunEventSink {
    var events: [RunEvent] = []

    func receive(_ event: RunEvent) { events.append(event) }
}

/// What a run did, in words that tests compare.
struct RunResult: Sendable {
    var finished: RunFinished
    var calls: [String]
    var mostAtOnce: Int
    /// `task outcome`, in the order in which they ended.
    var tasks: [String]
    var taskReasons: [String: String]
    var taskOutputs: [String: ValueMap]
    /// Of steps that started: `StepID.description`.
    var startedSteps: [String]
    var stepOutcomes: [String: Outcome]
    var messages: [String]
    var output: String
    /// `owed scheme id`, `revoked scheme id`, `revoked scheme id of RUN`.
    var debts: [String] = []
}

/// A recipe on the fake actions, planned and run without a command line.
struct EngineFixture {
    let folder: TemporaryFolder
    let record: CallRecord
    let clock = VirtualClock()
    let recipe: Recipe
    let catalog: PluginCatalog

    init(
        _ yaml: String, in folder: TemporaryFolder? = nil, providers: [any SecretProvider] = [],
        record: CallRecord = CallRecord()
    ) throws {
        self.record = record
        self.folder = try folder ?? TemporaryFolder()
        catalog = try PluginCatalog([
            Plugin(name: "shell", summary: "", actions: [FakeRun(name: "run", record: record, clock: clock)]),
            Plugin(
                name: "fake", summary: "", actions: [FakeRun(record: record, clock: clock), FakeMake(record: record)],
                secretProviders: [FakeProvider()] + providers),
        ])
        recipe = try RecipeLoader.load(
            Array("ops: 1\n\(yaml)".utf8), file: "ops.yaml", directory: self.folder.path, catalog: catalog
        ).recipe
    }

    func plan(
        _ tasks: [String], inputs: ValueMap = [:], taskInputs: [String: ValueMap] = [:], arguments: [String] = [],
        environment: [String: String] = [:],
        ownVariables: Set<String> = []
    ) async throws -> Plan {
        var planner = Planner(
            recipe: recipe, catalog: catalog,
            request: PlanRequest(
                tasks: tasks, inputs: inputs, taskInputs: taskInputs, arguments: arguments,
                environment: environment, ownVariables: ownVariables))
        return try await planner.plan()
    }

    /// Runs to the end; `interruptAfter` interrupts as SIGINT does.
    func run(
        _ plan: Plan, jobs: Int = 2, keepGoing: Bool = false, timeout: Duration? = nil, seed: UInt64? = nil,
        lockWait: LockWait = .none, interruptAfter: Duration? = nil,
        meanwhile: [(after: Duration, body: @EventLoopActor @Sendable () -> Void)] = [],
        earlierDebts: [EarlierDebts] = []
    ) async throws -> RunResult {
        let options = RunOptions(
            jobs: jobs, keepGoing: keepGoing, timeout: timeout, lockWait: lockWait, seed: seed, version: "test")
        // On the loop as in the program: a continuation of the test's own task would take a turn on another thread, and
        // the clock would think that nothing is left to do.
        return try await _Concurrency.Task(executorPreference: EventLoop.shared) {
            try await start(plan, options, interruptAfter, meanwhile, earlierDebts)
        }.value
    }

    @EventLoopActor
    private func start(
        _ plan: Plan, _ options: RunOptions, _ interruptAfter: Duration?,
        _ meanwhile: [(after: Duration, body: @EventLoopActor @Sendable () -> Void)], _ earlierDebts: [EarlierDebts]
    ) async throws -> RunResult {
        let list = EventList()
        let run = Run(
            id: "test", plan: plan, options: options, catalog: catalog, environment: [:],
            temporaryDirectory: folder.path, runDirectory: folder.path + "/run",
            lockDirectory: folder.path + "/locks", sinks: [list], clock: clock, earlierDebts: earlierDebts)
        for (delay, body) in meanwhile { clock.after(delay, body) }
        if let interruptAfter {
            _ = clock.after(interruptAfter) {
                run.interrupt(.init(reason: "interrupted by SIGINT", exitStatus: 130))
            }
        }
        let finished = await run.execute()
        var result = RunResult(
            finished: finished, calls: record.calls, mostAtOnce: record.mostAtOnce, tasks: [], taskReasons: [:],
            taskOutputs: [:], startedSteps: [], stepOutcomes: [:], messages: [], output: "")
        for event in list.events {
            switch event.kind {
            case .taskFinished(let task):
                result.tasks.append("\(task.task) \(task.outcome.rawValue)")
                result.taskReasons[task.task.description] = task.reason
                result.taskOutputs[task.task.description] = task.outputs
            case .stepStarted(let step): result.startedSteps.append(step.step.description)
            case .stepFinished(let step): result.stepOutcomes[step.step.description] = step.outcome
            case .message(let message): result.messages.append(message.text)
            case .output(_, _, let bytes): result.output += String(decoding: bytes, as: UTF8.self)
            case .secretOwed(let debt): result.debts.append("owed \(debt.scheme) \(debt.id)")
            case .secretRevoked(let debt, let earlier):
                result.debts.append("revoked \(debt.scheme) \(debt.id)" + (earlier.map { " of \($0)" } ?? ""))
            default: break
            }
        }
        return result
    }
}

extension Plan {
    /// `task decision`, in order.
    var decisions: [String] { tasks.map { "\($0.id) \($0.decision.name)" } }

    func task(_ name: String) -> PlannedTask? { tasks.first { $0.id.description == name } }
}

/// The codes and messages of what `body` throws.
func diagnostics(_ body: () async throws -> Void) async -> [Diagnostic] {
    do { try await body() } catch let error as DiagnosticsError { return error.diagnostics } catch {
        return [Diagnostic(code: "thrown", "\(error)")]
    }
    return []
}
