import Glibc
import OpsCore
import OpsRecipe
import OpsSystem
import OrderedCollections

/// What a task under way holds so that its success can be recorded.
struct FreshnessLease {
    /// One process at a time checks, runs and records a task.
    var lock: FileLock
    var check: FreshnessCheck
    /// The sources before the task's first step.
    var sources: [FileState]?
    /// Why nothing of its success can be relied on later.
    var obstacle: String?
}

extension Run {
    /// The recorded outputs where the task is up to date; nil where it must run: then its lease is held until its end.
    /// Its `exclusive` name is held already.
    ///
    /// Throws: an `OpsError` for a pattern of `sources` that matches nothing, or for a file that cannot be read.
    func recordedOutputs(of index: Int, _ scope: Scope) async throws -> (outputs: ValueMap?, reason: String?) {
        guard let planned = plan.tasks[index].freshness, var records = freshness else { return (nil, nil) }
        let values = try planned.definition.values(in: scope)
        let check = planned.check(values.facts, records.digests)
        let lock = try await lockFreshness(of: index, planned.key, records.log.path)
        var obstacle = planned.definition.obstacle ?? values.obstacle
        obstacle = obstacle ?? values.unknown.map { "\($0) is not known" }
        var reason = planned.reason ?? obstacle
        if obstacle == nil {
            records.log.refresh()
            freshness?.log = records.log
            switch planned.isForced ? nil : try await check.verdict(records.log) {
            case .upToDate(let outputs, let refreshed):
                if let refreshed { keep([refreshed], planned.definition) }
                release(lock)
                return (outputs, nil)
            case .stale(let text): reason = text
            case nil: break
            }
        }
        freshnessLeases[index] = FreshnessLease(
            lock: lock, check: check, sources: try await check.snapshot(), obstacle: obstacle)
        return (nil, reason)
    }

    /// The record of a task whose steps have succeeded; nil where nothing is recorded of it.
    ///
    /// Throws: an `OpsError` where it did not make what its `produces` names.
    func freshnessRecord(of index: Int, _ outputs: ValueMap) async throws -> FreshnessRecord? {
        guard let lease = freshnessLeases[index] else { return nil }
        guard let record = try await lease.check.record(sources: lease.sources, outputs: outputs) else { return nil }
        if let obstacle = lease.obstacle { return lease.check.refusal(obstacle) }
        if let (name, _) = outputs.first(where: { $0.value.containsSecret }) {
            return lease.check.refusal("its output \(name) is a secret, which is not kept")
        }
        let texts = (lease.check.values + lease.check.definition.facts).map(\.text).joined(separator: "\n")
        if !secrets.registry.names(in: Array(texts.utf8)).isEmpty {
            return lease.check.refusal("a value that it uses holds a secret, which is not kept")
        }
        return record
    }

    /// Records a success.
    func recordFreshness(of index: Int, _ record: FreshnessRecord?) {
        guard let record, let lease = freshnessLeases[index] else { return }
        keep([record], lease.check.definition)
    }

    /// The task is over, however it ended.
    func endFreshness(of index: Int) {
        guard let lease = freshnessLeases.removeValue(forKey: index) else { return }
        release(lease.lock)
    }

    /// What the plan had to read to see that tasks are up to date is recorded, so that the next need not.
    func refreshRecords() {
        guard freshness != nil else { return }
        var open: [ContentDigest: (definition: TaskDefinition, records: [FreshnessRecord])] = [:]
        for task in plan.tasks {
            guard let planned = task.freshness, let record = planned.refreshed else { continue }
            open[planned.definition.digest, default: (planned.definition, [])].records.append(record)
        }
        for (definition, records) in open.values { keep(records, definition) }
    }

    private func keep(_ records: [FreshnessRecord], _ definition: TaskDefinition) {
        do { try freshness?.log.append(records, definition) } catch {
            let names = records.map(\.key).joined(separator: ", ")
            message(.warning, "that \(names) is up to date is not recorded: \(OpsError.text(of: error))", step: nil)
        }
    }

    // MARK: The lock

    private func lockFreshness(of index: Int, _ key: String, _ log: String) async throws -> FileLock {
        let path = "\(log).locks/\(ContentDigest(of: key.utf8).hexadecimal.prefix(32))"
        let task = plan.tasks[index].id.description
        var pause = Duration.milliseconds(2)
        var isFirst = true
        while true {
            let holder = FileLock.Holder(run: id, task: task, since: Timestamp.iso8601(clock.now))
            if let lock = try FileLock.tryAcquire(path, as: holder) { return lock }
            if isFirst {
                let other = FileLock.holder(path).map { "\($0)" } ?? "another run"
                message(.notice, "\(task) waits for \(other)", step: nil)
            }
            isFirst = false
            try await clock.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    /// The file goes with the lock: whoever waits for it looks whether it still has its name.
    private func release(_ lock: FileLock) {
        unlink(lock.path)
        lock.release()
    }
}
