import Glibc
import OpsCore
import OpsSystem
import Synchronization

/// Writes lines to the host, each whole, from any thread; nothing behind the result.
final class PluginSender: Sendable {
    private struct State {
        var isFinished = false
        /// The bytes of a character that is not whole yet.
        var pieces: [OutputStream: [UInt8]] = [:]
    }

    private let descriptor: Int32
    private let state = Mutex(State())
    /// Bytes of output in one line: each may take six in JSON.
    private static let pieceSize = 1 << 17

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Throws: an `OpsError` (`invalid`) where the line would be larger than the protocol allows.
    func send(_ message: PluginMessage) throws(OpsError) {
        let line = message.encoded()
        guard line.count <= PluginProtocol.lineLimit else {
            throw OpsError(
                .invalid, "a line of the protocol is larger than \(ByteSize.text(PluginProtocol.lineLimit))",
                hint: "hand large data over in a file")
        }
        state.withLock { if !$0.isFinished { write(line) } }
    }

    /// Sends what is left of the output, then the result; later messages are dropped.
    func finish(_ result: PluginResult) {
        state.withLock { state in
            for (stream, bytes) in state.pieces where !bytes.isEmpty {
                write(PluginMessage.output(stream, String(decoding: bytes, as: UTF8.self)).encoded())
            }
            var line = PluginMessage.result(result).encoded()
            if line.count > PluginProtocol.lineLimit {
                var error = PluginResult(id: result.id, status: .error)
                error.error = PluginError(.internal, "the result is larger than a line of the protocol may be")
                line = PluginMessage.result(error).encoded()
            }
            write(line)
            state.isFinished = true
        }
    }

    /// The step's own output, which arrives as any bytes and goes as text.
    func output(_ stream: OutputStream, _ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Self.pieceSize)
            rest = rest.dropFirst(piece.count)
            state.withLock { state in
                guard !state.isFinished else { return }
                var all = state.pieces[stream] ?? []
                all += piece
                let end = Self.wholeCharacters(all)
                state.pieces[stream] = Array(all[end...])
                guard end > 0 else { return }
                write(PluginMessage.output(stream, String(decoding: all[..<end], as: UTF8.self)).encoded())
            }
        }
    }

    /// How many bytes there are before a character that has only begun.
    private static func wholeCharacters(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? bytes.count - back : bytes.count
        }
        return bytes.count
    }

    /// To be called with the lock held.
    private func write(_ line: [UInt8]) {
        // Without a host there is nothing left to do, and nobody to tell.
        if (try? writeAll(line + [0x0A], to: descriptor, path: "the host")) == nil { _exit(1) }
    }
}
