import OpsCore

/// Raw deflate (RFC 1951) of one file, with its CRC-32: gzip's stream (RFC 1952) without header and trailer.
final class DeflateStream {
    private let handle: WriterHandle
    private let state: State

    /// What came out of the gzip writer so far.
    private final class State {
        let sink: ByteSink
        var header: [UInt8] = []
        /// The last bytes, which may be the trailer.
        var tail: [UInt8] = []
        var size = 0

        init(_ sink: @escaping ByteSink) { self.sink = sink }

        func take(_ bytes: UnsafeRawBufferPointer) throws {
            var rest = bytes[...]
            if header.count < DeflateStream.headerSize {
                let part = rest.prefix(DeflateStream.headerSize - header.count)
                header += part
                rest = rest.dropFirst(part.count)
            }
            let old = tail
            tail = Array((old + rest.suffix(DeflateStream.trailerSize)).suffix(DeflateStream.trailerSize))
            let ready = old.count + rest.count - tail.count
            let fromOld = min(old.count, ready)
            try old[..<fromOld].withUnsafeBytes { if !$0.isEmpty { try sink($0) } }
            if ready > fromOld { try sink(UnsafeRawBufferPointer(rebasing: rest.prefix(ready - fromOld))) }
            size += ready
        }
    }

    private static let headerSize = 10
    private static let trailerSize = 8

    /// - Parameters:
    ///   - level: 1 to 9.
    ///   - sink: gets the deflated bytes.
    init(level: Int, sink: @escaping ByteSink) throws {
        let state = State(sink)
        self.state = state
        handle = try WriterHandle(
            filter: "gzip", options: "gzip:compression-level=\(level),gzip:!timestamp", sink: state.take)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try handle.data(bytes) }

    /// Ends the stream; gives the CRC-32 of what was written, and the number of deflated bytes.
    func finish() throws -> (crc: UInt32, size: Int) {
        try handle.close()
        guard state.tail.count == Self.trailerSize, state.header.count > 3, state.header[3] == 0 else {
            throw OpsError(.unsupported, "this libarchive's gzip stream has another header than RFC 1952's shortest")
        }
        let crc = (0..<4).reduce(UInt32(0)) { $0 | UInt32(state.tail[$1]) << (8 * UInt32($1)) }
        return (crc, state.size)
    }
}

/// The CRC-32 of a short text (ISO 3309, as zip has it).
func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc: UInt32 = ~0
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}
