import Crypto
import OpsCore
package import OpsSystem

/// What went into an archive.
package struct ArchiveSummary: Sendable, Hashable {
    package var entries = 0
    /// Bytes of all files' content.
    package var contentSize = 0
    /// The SHA-256 of each file's content, by its path in the archive.
    package var digests: [String: [UInt8]] = [:]
}

/// Writes archives whose bytes depend on nothing but the entries, the format, the level and `epoch`: not on time
/// zone, locale, umask, user, order or file times.
///
/// tar is restricted pax (POSIX.1-2001; plain ustar where a header can hold everything) from libarchive; zip is
/// our own (`ZipWriter`), since libarchive's depends on the time zone.
package enum ArchiveWriter {
    /// Blocks, and so the distance between two looks at `cancellation`, in bytes.
    static let blockSize = 1 << 18

    /// Writes a whole archive. Blocking: on a thread of its own (`onThread`).
    ///
    /// - Parameters:
    ///   - entries: in any order; written bytewise by path.
    ///   - level: in `format.levels`; nil is the default.
    ///   - epoch: the time of every entry, in seconds since 1970; a zip holds 1980 to 2107 and takes the nearest.
    ///   - progress: told the bytes of content read so far, once a block.
    ///   - sink: gets the archive's bytes in order.
    /// Throws: an `OpsError` (a file that changed while it was read is `mismatch`), what `sink` throws, or
    /// `CancellationError`.
    @discardableResult
    package static func write(
        _ entries: [ArchiveEntry], as format: ArchiveFormat, level: Int? = nil,
        epoch: Int = SourceDateEpoch.fallback, cancellation: CancellationFlag = CancellationFlag(),
        progress: (Int) -> Void = { _ in }, to sink: @escaping ByteSink
    ) throws -> ArchiveSummary {
        let entries = try ArchiveEntry.ordered(entries)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
        defer { buffer.deallocate() }
        var content = ContentReader(buffer: buffer, cancellation: cancellation)
        switch format.container {
        case .tar:
            let compressor = try Compressor(format.compression, level: level, sink: sink)
            let tar = try WriterHandle(filter: nil, options: nil) { try compressor.write($0) }
            for entry in entries {
                try cancellation.check()
                try content.read(entry, progress: progress, header: { try tar.entry(entry, size: $0, modified: epoch) })
                {
                    try tar.data($0)
                }
            }
            try tar.close()
            try compressor.finish()
        case .zip:
            let zip = try ZipWriter(level: level, epoch: epoch, sink: sink)
            for entry in entries {
                try cancellation.check()
                try content.read(entry, progress: progress, header: { try zip.begin(entry, size: $0) }) {
                    try zip.data($0)
                }
                try zip.end()
            }
            try zip.close()
        }
        return content.summary
    }
}

/// Reads entries' content and keeps the account.
private struct ContentReader {
    let buffer: UnsafeMutableRawBufferPointer
    let cancellation: CancellationFlag
    var summary = ArchiveSummary()

    /// - Parameters:
    ///   - header: called first, with the content's size in bytes.
    ///   - body: called with each block.
    mutating func read(
        _ entry: ArchiveEntry, progress: (Int) -> Void, header: (Int) throws -> Void, _ body: ByteSink
    ) throws {
        summary.entries += 1
        switch entry.content {
        case .directory, .symlink: try header(0)
        case .bytes(let bytes):
            try header(bytes.count)
            try bytes.withUnsafeBytes(body)
            summary.digests[entry.path] = Array(SHA256.hash(data: bytes))
            summary.contentSize += bytes.count
        case .file(let path):
            let file = try SourceFile(path)
            try header(file.size)
            var done = summary.contentSize
            summary.digests[entry.path] = try file.read(through: buffer, cancellation) { bytes in
                try body(bytes)
                done += bytes.count
                progress(done)
            }
            summary.contentSize = done
        }
    }
}
