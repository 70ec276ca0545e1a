import Glibc
package import OpsCore
import OpsSystem
import OrderedCollections

/// Appends a run's events (all but output and progress) to its `journal.jsonl`: whole lines, synced where a step or
/// the run ends. Who writes it holds the run's lock (`RunLock`).
///
/// A line that nothing is lost without waits for the next one, or for `flush`: that a task began says no more than that
/// its first step did, and that it ended no more than the ends of its steps, unless one failed, left something or has clean-up.
package final class JournalWriter: RunEventSink {
    private let path: String
    private let descriptor: Int32
    /// The bytes of the whole lines in it.
    private var size: off_t = 0
    /// Whole lines that wait.
    private var pending: [UInt8] = []
    /// True once the end of a task may say more than the ends of its steps do.
    private var endsMatter = false
    /// Nothing stands behind the end of a run.
    private var isOver = false
    private static let pendingLimit = 1 << 16
    /// The first thing that went wrong; nothing is written after it.
    package private(set) var failure: OpsError?

    /// Opens `journal.jsonl` in the run's folder, and makes it where the run is new.
    ///
    /// A resumed run's goes on behind its last whole line: what a killed run left of a line is cut off.
    /// Throws: an `OpsError` (`system`).
    package init(runDirectory: String) throws(OpsError) {
        path = runDirectory + "/journal.jsonl"
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw OpsError.system("open", path) }
        size = Self.wholeLines(descriptor)
        guard lseek(descriptor, 0, SEEK_END) == size || ftruncate(descriptor, size) == 0 else {
            throw OpsError.system("ftruncate", path)
        }
    }

    deinit { close(descriptor) }

    package func receive(_ event: RunEvent) {
        guard failure == nil, !isOver else { return }
        var isEnding = false
        var mayWait = false
        switch event.kind {
        case .output, .progress: return
        case .stepFinished(let step):
            isEnding = true
            let isPlain = step.outcome == .succeeded || step.outcome == .skipped
            endsMatter =
                endsMatter || !isPlain || step.leftRunning || step.outputs.values.contains(where: \.containsSecret)
        case .runFinished:
            isEnding = true
            isOver = true
        case .runResumed, .secretOwed: isEnding = true
        // Whether such a step began must be known even after a power cut.
        case .stepStarted(let step): isEnding = step.isGuarded
        case .cleanUpStarted: endsMatter = true
        case .taskStarted: mayWait = true
        case .taskFinished: mayWait = !endsMatter
        default: break
        }
        pending += EventJSON.line(event, isExact: true)
        guard !mayWait || pending.count > Self.pendingLimit else { return }
        flush()
        guard isEnding, failure == nil, fdatasync(descriptor) != 0 else { return }
        failure = OpsError.system("fdatasync", path)
    }

    /// Writes the lines that wait.
    package func flush() {
        guard failure == nil, !pending.isEmpty else { return }
        do {
            try writeAll(pending, to: descriptor, path: path)
            size += off_t(pending.count)
            pending.removeAll(keepingCapacity: true)
        } catch {
            failure = error
            // Half a line is no line.
            _ = ftruncate(descriptor, size)
        }
    }

    /// Where the last whole line ends.
    private static func wholeLines(_ descriptor: Int32) -> off_t {
        var end = lseek(descriptor, 0, SEEK_END)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while end > 0 {
            let start = max(0, end - off_t(buffer.count))
            let count = pread(descriptor, &buffer, Int(end - start), start)
            guard count > 0 else { return end }
            if let newline = buffer[..<count].lastIndex(of: 0x0A) { return start + off_t(newline) + 1 }
            end = start
        }
        return 0
    }
}
