import OpsCore

/// Compresses a stream of bytes, block by block, with flat memory.
///
/// The same bytes and level give the same output on any machine with the same libraries: the number of threads
/// is fixed and gzip's header holds no time and no name. A zstd frame has no checksum of its own (libarchive
/// sets none): what needs one hashes the bytes. Not shared between threads.
package final class Compressor {
    private let handle: WriterHandle?
    private let sink: ByteSink

    /// - Parameters:
    ///   - level: in `compression.levels`; nil is its default.
    ///   - sink: gets the compressed bytes, in order, from within `write` and `finish`.
    /// Throws: an `OpsError` for a level out of range or where libarchive is missing.
    package init(_ compression: Compression, level: Int? = nil, sink: @escaping ByteSink) throws {
        self.sink = sink
        let level = level ?? compression.defaultLevel
        guard compression.levels.contains(level) else {
            throw OpsError(
                .invalid, "\(compression) has no level \(level)",
                hint: "it has \(compression.levels.lowerBound) to \(compression.levels.upperBound)")
        }
        // zstd and xz cut the stream into jobs when they have threads: any fixed number from 2 gives the same bytes.
        let options: String
        switch compression {
        case .none:
            handle = nil
            return
        case .gzip: options = "gzip:compression-level=\(level),gzip:!timestamp"
        case .zstd: options = "zstd:compression-level=\(level),zstd:threads=2"
        case .xz: options = "xz:compression-level=\(level),xz:threads=2"
        }
        handle = try WriterHandle(filter: compression.rawValue, options: options, sink: sink)
    }

    /// Compresses more bytes. Throws: what the sink throws, or an `OpsError`.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        if let handle { try handle.data(bytes) } else { try sink(bytes) }
    }

    /// Ends the stream; the sink has all bytes when it returns.
    package func finish() throws { try handle?.close() }
}
