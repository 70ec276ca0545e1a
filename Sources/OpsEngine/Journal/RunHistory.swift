package import OpsCore
import OpsSystem
import OrderedCollections

/// What is known of an earlier run, from the two ends of its journal.
package struct RunRecord: Sendable {
    package var id: String
    /// The run's folder.
    package var directory: String
    package var recipe: String
    package var tasks: [String]
    /// Seconds since 1970.
    package var started: Double
    /// Seconds; nil where the run's end is not recorded.
    package var duration: Double?
    /// `succeeded`, `failed` …; nil where it is running or died.
    package var outcome: String?
    package var exitStatus: Int?
    /// True while its process lives.
    package var isRunning: Bool

    /// `running`, `died`, `interrupted`, `succeeded`, `failed`, `timed-out`.
    package var state: String {
        if isRunning { return "running" }
        guard let outcome else { return "died" }
        return outcome == "cancelled" ? "interrupted" : outcome
    }

    /// True where `ops resume` has something to do.
    package var isResumable: Bool { !isRunning && outcome != "succeeded" }
}

/// The runs that are kept.
package enum RunHistory {
    /// The newest first. A run whose journal cannot be read is left out.
    package static func list(_ state: StateDirectory) throws(OpsError) -> [RunRecord] {
        try names(state).reversed().compactMap { record($0, state) }
    }

    /// The run whose identifier starts with `prefix`; the newest where it is nil.
    ///
    /// Throws: an `OpsError` where there is none, or more than one.
    package static func find(_ prefix: String?, _ state: StateDirectory) throws(OpsError) -> RunRecord {
        let names = try names(state)
        let matching = names.filter { $0.hasPrefix(prefix ?? "") }
        if let prefix, matching.count > 1, !matching.contains(prefix) {
            throw OpsError(.invalid, "\(matching.count) runs start with '\(prefix)'", hint: "'ops runs' lists them")
        }
        guard let name = prefix.flatMap({ matching.contains($0) ? $0 : nil }) ?? matching.last,
            let record = record(name, state)
        else {
            throw OpsError(
                .notFound, prefix.map { "there is no run '\($0)'" } ?? "there are no runs yet",
                hint: prefix == nil ? nil : "'ops runs' lists them")
        }
        return record
    }

    /// The newest run that satisfies `condition`; nil where none does.
    package static func newest(
        _ state: StateDirectory, where condition: (RunRecord) -> Bool
    ) throws(OpsError) -> RunRecord? {
        for name in try names(state).reversed() {
            if let record = record(name, state), condition(record) { return record }
        }
        return nil
    }

    /// The events of a run in order; a torn last line is left out.
    package static func events(_ record: RunRecord) throws(OpsError) -> [Value] {
        try JournalFile(runDirectory: record.directory).events
    }

    /// Identifiers, the oldest first: they sort by time.
    private static func names(_ state: StateDirectory) throws(OpsError) -> [String] {
        FileStatus.find(state.runs) == nil ? [] : try listFolder(state.runs)
    }

    private static func record(_ name: String, _ state: StateDirectory) -> RunRecord? {
        let directory = "\(state.runs)/\(name)"
        guard let (start, end) = (try? JournalFile.ends(runDirectory: directory)) ?? nil,
            start["event"]?.stringValue == "run-started"
        else { return nil }
        var record = RunRecord(
            id: name, directory: directory, recipe: start["recipe"]?.stringValue ?? "",
            tasks: start["tasks"]?.listValue?.compactMap(\.stringValue) ?? [], started: start["time"]?.doubleValue ?? 0,
            isRunning: RunLock.isHeld(runDirectory: directory))
        if end["event"]?.stringValue == "run-finished" {
            record.outcome = end["outcome"]?.stringValue
            record.duration = end["duration"]?.doubleValue
            record.exitStatus = end["exit-status"]?.integerValue
        }
        return record
    }
}

extension Value {
    /// A number of any kind.
    var doubleValue: Double? {
        switch self {
        case .integer(let value, _): Double(value)
        case .number(let value, _): value
        default: nil
        }
    }
}
