import OpsEngine

/// Keeps the text of tasks that run at the same time apart, so that each is written in one piece.
///
/// A task that runs alone is written as it goes (it has the foreground); the others are kept until they end, and
/// until nobody has the foreground.
final class GroupQueue {
    private var running: [TaskID: SpillBuffer] = [:]
    private(set) var foreground: TaskID?
    /// What ended while a task had the foreground, in order.
    private var waiting = SpillBuffer()
    private let mayStream: Bool
    private let write: (UnsafeRawBufferPointer) -> Void

    /// `mayStream` is false where a group may be dropped at its end.
    init(mayStream: Bool, write: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.mayStream = mayStream
        self.write = write
    }

    func start(_ task: TaskID) { running[task] = SpillBuffer() }

    func append(_ task: TaskID, _ bytes: UnsafeRawBufferPointer) {
        guard let buffer = running[task] else {
            between(bytes)
            return
        }
        if foreground == nil, mayStream, running.count == 1 {
            foreground = task
            empty(buffer)
            running[task] = SpillBuffer()
        }
        if foreground == task { write(bytes) } else { buffer.append(bytes) }
    }

    /// Text of no task: it does not break into a group.
    func between(_ bytes: UnsafeRawBufferPointer) {
        if foreground == nil { write(bytes) } else { waiting.append(bytes) }
    }

    /// The task's text is complete; it is dropped where `keep` is false.
    func finish(_ task: TaskID, keep: Bool = true) {
        guard let buffer = running.removeValue(forKey: task) else { return }
        if foreground == task {
            foreground = nil
            releaseWaiting()
        } else if keep {
            if foreground == nil { empty(buffer) } else { buffer.forEachPiece { waiting.append($0) } }
        }
    }

    /// Writes what is left, of tasks too that did not end.
    func close() {
        foreground = nil
        releaseWaiting()
        for (_, buffer) in running.sorted(by: { $0.key.description < $1.key.description }) where mayStream {
            empty(buffer)
        }
        running.removeAll()
    }

    private func releaseWaiting() {
        empty(waiting)
        waiting = SpillBuffer()
    }

    private func empty(_ buffer: SpillBuffer) {
        buffer.forEachPiece(write)
        guard buffer.lost > 0 else { return }
        let note = "[\(buffer.lost) bytes are left out here: no space for a temporary file; the run's log has them]\n"
        Array(note.utf8).withUnsafeBytes(write)
    }
}
