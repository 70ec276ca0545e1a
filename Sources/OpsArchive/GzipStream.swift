/// A gzip file (RFC 1952) of one member: deflate between a header without time, name or system, and a trailer.
final class GzipStream {
    private let deflate: DeflateStream
    private let sink: ByteSink
    private var size = 0
    private var hasHeader = false

    /// - Parameters: as `DeflateStream`.
    init(level: Int, threads: Int? = nil, sink: @escaping ByteSink) throws {
        self.sink = sink
        deflate = try DeflateStream(level: level, threads: threads, sink: sink)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try begin()
        try deflate.write(bytes)
        size += bytes.count
    }

    func finish() throws {
        try begin()
        let crc = try deflate.finish().crc
        try put(
            [crc, UInt32(truncatingIfNeeded: size)].flatMap { word in
                (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
            })
    }

    private func begin() throws {
        guard !hasHeader else { return }
        hasHeader = true
        // Method 8 is deflate; the last byte says that the system is unknown (§2.3.1).
        try put([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
    }

    private func put(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes(sink) }
}
