import Glibc
import OpsCore
import OpsEngine
import OpsSystem
import Synchronization

/// Looks at the processes of a run again and again: their argument lists, and the environments of those whose step
/// names no such secret. One that lives shorter than a look takes is not seen.
final class ProcessLeakSearch: Sendable {
    private let search: LeakSearch
    private let run: String
    /// By `OPS_TASK` and `OPS_STEP`: the secrets that the step names.
    private let permitted: [String: Set<String>]
    private let found = Mutex<Set<Leak>>([])
    private let isOver = Atomic<Bool>(false)

    init(_ search: LeakSearch, run: String, plan: Plan) {
        self.search = search
        self.run = run
        var permitted: [String: Set<String>] = [:]
        for task in plan.tasks {
            let steps = task.steps + task.steps.compactMap { $0.undo?.step } + task.onFailure + task.finally
            for step in steps { permitted[Self.key(step), default: []].formUnion(step.secrets) }
        }
        for step in plan.onFailure + plan.finally { permitted[Self.key(step), default: []].formUnion(step.secrets) }
        self.permitted = permitted
    }

    private static func key(_ step: PlannedStep) -> String {
        "\(step.id.task?.description ?? "")\0\(step.name ?? String(step.id.index + 1))"
    }

    /// Looks until `end`, on a thread of its own.
    func begin() {
        _Concurrency.Task(executorPreference: EventLoop.shared) {
            try? await onThread { _ in
                while !self.isOver.load(ordering: .relaxed) {
                    self.look()
                    usleep(1000)
                }
            }
        }
    }

    func end() -> Set<Leak> {
        isOver.store(true, ordering: .relaxed)
        return found.withLock { $0 }
    }

    private func look() {
        let mark = Array("OPS_RUN_ID=\(run)".utf8)
        for name in (try? listFolder("/proc")) ?? [] where name.first?.isNumber == true {
            guard let environment = try? readFile("/proc/\(name)/environ", limit: 1 << 24) else { continue }
            let variables = environment.split(separator: 0)
            guard variables.contains(where: { $0.elementsEqual(mark) }) else { continue }
            let arguments = ((try? readFile("/proc/\(name)/cmdline", limit: 1 << 24)) ?? []).split(separator: 0)
            let program = arguments.first.map { String(decoding: $0, as: UTF8.self) } ?? name
            for argument in arguments { note(search.leaks(in: Array(argument), at: "an argument of \(program)")) }
            func value(_ name: String) -> String {
                let prefix = Array((name + "=").utf8)
                let variable = variables.first { $0.starts(with: prefix) }
                return variable.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) } ?? ""
            }
            let (task, step) = (value("OPS_TASK"), value("OPS_STEP"))
            let own = permitted["\(task)\0\(step)"] ?? []
            for variable in variables {
                let name = String(decoding: variable.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
                let leaks = search.leaks(in: Array(variable), at: "the variable \(name) of step \(step) of \(task)")
                note(leaks.filter { !own.contains($0.secret) })
            }
        }
    }

    private func note(_ leaks: [Leak]) {
        guard !leaks.isEmpty else { return }
        found.withLock { $0.formUnion(leaks) }
    }
}
