import CLibArchive
package import OpsCore

/// The system's libarchive, loaded when it is first needed.
package enum LibArchive {
    /// Makes sure that it is loaded.
    ///
    /// Throws: an `OpsError` (`unavailable`) with the remedy.
    package static func load() throws(OpsError) {
        guard let reason = ops_archive_load() else { return }
        throw OpsError(
            .unavailable, "libarchive cannot be loaded: \(String(cString: reason))",
            hint: "install it: apt-get install libarchive13, or brew install libarchive")
    }
}

/// A C writer handle: a tar stream, or a compressed one.
///
/// Not shared between threads. The first error is the one that every later call throws.
final class WriterHandle {
    private let pointer: OpaquePointer
    private let output: SinkOutput

    /// - Parameters:
    ///   - filter: `zstd` or `xz` for bytes; nil for a tar stream.
    ///   - options: archive_write_set_options(3).
    init(filter: String?, options: String?, sink: @escaping ByteSink) throws {
        try LibArchive.load()
        output = SinkOutput(sink)
        let made = ops_archive_writer_new({ SinkOutput.take($0, $1, $2) }, output.context)
        guard let made else { throw OpsError(.system, "no memory for an archive") }
        pointer = made
        try check(ops_archive_writer_open(pointer, filter, options))
    }

    deinit { ops_archive_writer_free(pointer) }

    func entry(_ entry: ArchiveEntry, size: Int, modified: Int) throws {
        var header = ops_archive_entry()
        header.mode = entry.mode
        header.size = Int64(size)
        header.modified = Int64(modified)
        header.owner = Int64(entry.owner)
        header.group = Int64(entry.group)
        var target = ""
        switch entry.content {
        case .file, .bytes: header.kind = OPS_ARCHIVE_FILE
        case .directory: header.kind = OPS_ARCHIVE_FOLDER
        case .symlink(let text):
            header.kind = OPS_ARCHIVE_SYMLINK
            target = text
        }
        let status = entry.path.withCString { path in
            target.withCString { target in
                header.path = path
                header.target = target
                return ops_archive_writer_entry(pointer, &header)
            }
        }
        try check(status, "'\(entry.path)'")
    }

    func data(_ bytes: UnsafeRawBufferPointer) throws {
        guard bytes.count > 0 else { return }
        let count = ops_archive_writer_data(pointer, bytes.baseAddress, bytes.count)
        try check(count == bytes.count ? 0 : -1)
    }

    func close() throws { try check(ops_archive_writer_close(pointer)) }

    private func check(_ status: Int32, _ subject: String = "the archive") throws {
        guard status != 0 else { return }
        let error: any Error =
            output.error
            ?? OpsError(
                .system,
                "cannot write \(subject): "
                    + (ops_archive_writer_error(pointer).map { String(cString: $0) } ?? "libarchive gives no reason"))
        output.error = error
        throw error
    }
}
