import Glibc
package import OpsCore
import OpsSystem

/// Appends a run's events (all but output and progress) to its `journal.jsonl`: whole lines, synced where a
/// step, a task or the run ends.
package final class JournalWriter: RunEventSink {
    private let path: String
    private let descriptor: Int32
    /// The bytes of the whole lines in it.
    private var size: off_t = 0
    /// The first thing that went wrong; nothing is written after it.
    package private(set) var failure: OpsError?

    /// Makes `journal.jsonl` in the run's folder. Throws: an `OpsError` (`system`).
    package init(runDirectory: String) throws {
        path = runDirectory + "/journal.jsonl"
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw OpsError.system("open", path) }
    }

    deinit { close(descriptor) }

    package func receive(_ event: RunEvent) {
        guard failure == nil else { return }
        var isEnding = false
        switch event.kind {
        case .output, .progress: return
        case .stepFinished, .runFinished: isEnding = true
        default: break
        }
        do {
            let line = EventJSON.line(event)
            try writeAll(line, to: descriptor, path: path)
            size += off_t(line.count)
            if isEnding, fdatasync(descriptor) != 0 { throw OpsError.system("fdatasync", path) }
        } catch {
            failure = error as? OpsError ?? OpsError(.system, "cannot write \(path)", cause: error)
            // Half a line is no line.
            _ = ftruncate(descriptor, size)
        }
    }
}
