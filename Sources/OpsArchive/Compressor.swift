import OpsCore

/// Compresses a stream of bytes, block by block, with flat memory.
///
/// The same bytes and level give the same output on any machine with the same libraries, with any number of
/// processors, and gzip's header holds no time and no name. A zstd frame has no checksum of its own (libarchive
/// sets none): what needs one hashes the bytes. Not shared between threads.
package final class Compressor {
    private enum Engine {
        case plain(ByteSink)
        case gzip(GzipStream)
        case libarchive(WriterHandle)
    }

    private let engine: Engine

    /// - Parameters:
    ///   - level: in `compression.levels`; nil is its default.
    ///   - threads: how many compress gzip; those of the machine where nil. The bytes are the same.
    ///   - sink: gets the compressed bytes, in order, from within `write` and `finish`.
    /// Throws: an `OpsError` for a level out of range or where libarchive is missing.
    package init(
        _ compression: Compression, level: Int? = nil, threads: Int? = nil, sink: @escaping ByteSink
    ) throws {
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
            engine = .plain(sink)
            return
        case .gzip:
            engine = .gzip(try GzipStream(level: level, threads: threads, sink: sink))
            return
        case .zstd: options = "zstd:compression-level=\(level),zstd:threads=2"
        case .xz: options = "xz:compression-level=\(level),xz:threads=2"
        }
        engine = .libarchive(try WriterHandle(filter: compression.rawValue, options: options, sink: sink))
    }

    /// Compresses more bytes. Throws: what the sink throws, or an `OpsError`.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        switch engine {
        case .plain(let sink): try sink(bytes)
        case .gzip(let stream): try stream.write(bytes)
        case .libarchive(let handle): try handle.data(bytes)
        }
    }

    /// Ends the stream; the sink has all bytes when it returns.
    package func finish() throws {
        switch engine {
        case .plain: break
        case .gzip(let stream): try stream.finish()
        case .libarchive(let handle): try handle.close()
        }
    }
}
