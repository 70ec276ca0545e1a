/// A child's standard input that stays open while the child runs: a conversation in place of a file.
///
/// What is sent before the child starts is kept until it does. A child that went away, or closed its end, is sent
/// nothing more; nobody is told. Its memory is what was sent and not yet read.
@EventLoopActor
package final class ChildInput {
    private var writer: InputWriter?
    private var early: [UInt8]
    private var isClosed = false

    /// - Parameter first: sent at once.
    package nonisolated init(_ first: [UInt8] = []) { early = first }

    /// Sends bytes behind those that were sent before.
    package func send(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        if let writer { writer.append(bytes) } else { early += bytes }
    }

    /// The child reads the end of its input behind what it has read; what it has not read yet is dropped.
    package func close() {
        isClosed = true
        writer?.finish()
        writer = nil
    }

    /// Takes over the pipe's writing end.
    func attach(_ descriptor: Int32) -> InputWriter {
        let writer = InputWriter(descriptor, early, staysOpen: true)
        early = []
        if isClosed { writer.finish() } else { self.writer = writer }
        return writer
    }
}
