import Glibc

/// Where a reporter writes: a file descriptor with a buffer, memory, or a place where all of it waits for the end.
///
/// A reader that went away (EPIPE) or a full disk does not stop a run: from then on nothing is written, and
/// `failure` keeps the errno. The process must ignore SIGPIPE. Used on one thread.
package final class ReportOutput {
    private let descriptor: Int32?
    private let kept: SpillBuffer?
    private var buffer: [UInt8] = []
    /// The errno of the write that failed; nothing was written after it.
    package private(set) var failure: Int32?

    private static let bufferLimit = 1 << 16

    /// Writes to a descriptor, which stays the caller's.
    package init(descriptor: Int32) {
        self.descriptor = descriptor
        kept = nil
    }

    /// Keeps everything in `bytes`.
    package init() {
        descriptor = nil
        kept = nil
    }

    private init(kept: SpillBuffer) {
        descriptor = nil
        self.kept = kept
    }

    /// Keeps everything, in a temporary file where it is much, until `release`.
    package static func held() -> ReportOutput { ReportOutput(kept: SpillBuffer()) }

    /// What is not flushed yet; in memory, all that was written.
    package var bytes: [UInt8] { buffer }

    /// Appends bytes; large ones pass by the buffer without a copy.
    package func write(_ bytes: UnsafeRawBufferPointer) {
        guard failure == nil else { return }
        if let kept { return kept.append(bytes) }
        guard descriptor != nil, buffer.count + bytes.count > Self.bufferLimit else {
            buffer.append(contentsOf: bytes)
            return
        }
        flush()
        if bytes.count > Self.bufferLimit / 2 {
            writeAll(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    package func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

    package func write(_ text: String) {
        var text = text
        text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    /// Hands everything to the descriptor.
    package func flush() {
        guard descriptor != nil, !buffer.isEmpty else { return }
        buffer.withUnsafeBytes { writeAll($0) }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what was held to a descriptor.
    package func release(to descriptor: Int32) {
        let output = ReportOutput(descriptor: descriptor)
        kept?.forEachPiece { output.write($0) }
        if let kept, kept.lost > 0 {
            output.write("[\(kept.lost) bytes are left out here: no space for a temporary file; 'ops logs' has them]\n")
        }
        output.flush()
    }

    /// The last bytes of what was held, at most so many, from the beginning of a character.
    package func heldTail(_ count: Int) -> [UInt8] {
        let bytes = kept?.suffix(count) ?? []
        return Array(bytes.drop { $0 & 0xC0 == 0x80 })
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) {
        guard let descriptor, failure == nil else { return }
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN {
                // Somebody set the shared terminal or pipe to non-blocking.
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&request, 1, -1)
            } else if errno != EINTR {
                failure = errno
                return
            }
        }
    }
}
