import CDeflate
import OpsCore
import OpsSystem

/// Raw deflate (RFC 1951) of streams, one after the other, each with its CRC-32: what gzip and zip are made of.
///
/// Blocks are compressed by as many threads as there are processors; the bytes do not depend on how many. Not
/// shared between threads. What the sink throws ends the work.
final class DeflateStream {
    private let pointer: OpaquePointer
    private let output: SinkOutput

    /// The CRC-32 (ISO 3309) of a stream's content, and the number of deflated bytes.
    typealias Account = (crc: UInt32, size: Int)

    /// - Parameters:
    ///   - level: 1 to 9.
    ///   - threads: how many compress; those of the machine, 8 at most, where nil.
    ///   - sink: gets the deflated bytes, in order, from within `write` and `finish`.
    /// Throws: an `OpsError` where there is no memory.
    init(level: Int, threads: Int? = nil, sink: @escaping ByteSink) throws {
        output = SinkOutput(sink)
        let threads = threads ?? min(Host.processors, 8)
        guard
            let made = ops_deflate_new(
                Int32(level), UInt32(threads), { SinkOutput.take($0, $1, $2) }, output.context)
        else { throw OpsError(.system, "no memory to compress with") }
        pointer = made
    }

    deinit { ops_deflate_free(pointer) }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count > 0 else { return }
        try check(ops_deflate_write(pointer, bytes.baseAddress, bytes.count))
    }

    /// Ends the stream; the next `write` begins another.
    func finish() throws -> Account {
        var crc: UInt32 = 0
        try check(ops_deflate_finish(pointer, &crc))
        defer { output.size = 0 }
        return (crc, output.size)
    }

    private func check(_ status: Int32) throws {
        if let error = output.error { throw error }
        guard status == 0 else { throw OpsError(.system, "no memory to compress with") }
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
