import CLibArchive
import Glibc
import OpsCore
import OpsSystem

/// One entry of an archive that is read. Its texts are what the archive says: not safe as paths.
package struct ArchiveMember: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable { case file, directory, symlink, hardlink, other }

    /// As it stands in the archive, such as `./bin/app` or `share/`; UTF-8.
    package var path: String
    package var kind: Kind
    /// Permission bits, at most `0o7777`.
    package var mode: UInt32
    /// In bytes; nil where the archive does not say before the content.
    package var size: Int?
    /// Seconds since 1970.
    package var modified: Int
    package var owner: Int
    package var group: Int
    /// Where a symbolic link points to, or the path in the archive that a hard link is another name of.
    package var target: String?
}

/// Reads an archive from start to end: tar, plain or in one layer of gzip, bzip2, xz or zstd, and zip.
///
/// Anything odd is an error, never the end. libarchive checks tar headers, the sums of xz and bzip2 and the CRC-32
/// of zip; it checks neither the CRC-32 of gzip nor (as written by itself) content in zstd: a digest of the file
/// must vouch for those. Not shared between threads.
package final class ArchiveReader {
    private let pointer: OpaquePointer
    private let name: String
    private let limits: ArchiveLimits
    private let archiveSize: Int
    private let buffer: UnsafeMutableRawBufferPointer
    private var entries = 0
    private var size = 0

    /// - Parameters:
    ///   - descriptor: open for reading, of a file; stays the caller's, and open as long as this is used.
    ///   - name: for messages.
    ///   - isStream: for what the one layer of compression holds, whatever it is, as one entry.
    /// Throws: an `OpsError` (`invalid`) where it is no such archive.
    package init(
        descriptor: Int32, name: String, limits: ArchiveLimits = ArchiveLimits(), isStream: Bool = false
    ) throws {
        try LibArchive.load()
        let kind = try ArchiveKind(descriptor: descriptor, name: name)
        guard !isStream || kind.filter != OPS_ARCHIVE_PLAIN else {
            throw OpsError(.invalid, "'\(name)' is not compressed")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw OpsError.system("read", name) }
        guard let made = ops_archive_reader_new() else { throw OpsError(.system, "no memory for an archive") }
        pointer = made
        self.name = name
        self.limits = limits
        archiveSize = max(Int(status.st_size), 1)
        buffer = .allocate(byteCount: ArchiveWriter.blockSize, alignment: 64)
        if kind.isZip { try ZipDirectory.check(descriptor: descriptor, name: name) }
        lseek(descriptor, 0, SEEK_SET)
        let format = isStream ? OPS_ARCHIVE_RAW : kind.isZip ? OPS_ARCHIVE_ZIP : OPS_ARCHIVE_TAR
        guard ops_archive_reader_open(pointer, descriptor, format, kind.filter) == 0 else { throw failure() }
    }

    deinit {
        ops_archive_reader_free(pointer)
        buffer.deallocate()
    }

    /// The next entry; nil at the end of the archive.
    ///
    /// Throws: an `OpsError`: `invalid` for damage and for names that are not UTF-8, `unsupported` for encryption,
    /// `forbidden` past a limit.
    package func next() throws -> ArchiveMember? {
        var entry = ops_archive_entry()
        switch ops_archive_reader_next(pointer, &entry) {
        case 0: break
        case 1: return nil
        default: throw failure()
        }
        entries += 1
        guard entries <= limits.entries else { throw tooMuch("more than \(limits.entries) entries") }
        guard let bytes = entry.path, let path = String(validatingCString: bytes), !path.isEmpty else {
            throw OpsError(.invalid, "entry \(entries) of '\(name)' has no name, or one that is not UTF-8")
        }
        guard path.utf8.count <= limits.pathLength else {
            throw tooMuch("a path of more than \(limits.pathLength) bytes")
        }
        guard path.utf8.count(where: { $0 == UInt8(ascii: "/") }) < limits.depth else {
            throw tooMuch("a path of more than \(limits.depth) names")
        }
        guard !entry.is_encrypted else {
            throw OpsError(.unsupported, "'\(quoted(path))' in '\(name)' is encrypted")
        }
        let kind: ArchiveMember.Kind =
            switch entry.kind {
            case OPS_ARCHIVE_FILE: .file
            case OPS_ARCHIVE_FOLDER: .directory
            case OPS_ARCHIVE_SYMLINK: .symlink
            case OPS_ARCHIVE_HARDLINK: .hardlink
            default: .other
            }
        return ArchiveMember(
            path: path, kind: kind, mode: entry.mode & 0o7777, size: entry.size < 0 ? nil : Int(entry.size),
            modified: Int(entry.modified), owner: Int(entry.owner), group: Int(entry.group),
            target: entry.target.map { String(cString: $0) })
    }

    /// The content of the entry that `next` gave last, in blocks.
    ///
    /// Throws: an `OpsError`: `invalid` for damage, `forbidden` past a limit; what `body` throws.
    package func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        while true {
            let count = ops_archive_reader_data(pointer, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw failure() }
            if count == 0 { return }
            size += count
            guard size <= limits.size else {
                throw tooMuch("more than \(ByteSize.text(limits.size)) of content")
            }
            guard size <= ArchiveLimits.freeSize || size / archiveSize <= limits.ratio else {
                throw tooMuch("content of more than \(limits.ratio) times its size")
            }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private func failure() -> OpsError {
        let reason = ops_archive_reader_error(pointer).map { String(cString: $0) } ?? "libarchive gives no reason"
        return OpsError(.invalid, "'\(name)' cannot be read: \(reason)", hint: "the archive is damaged or incomplete")
    }

    private func tooMuch(_ what: String) -> OpsError {
        OpsError(.forbidden, "'\(name)' has \(what)", hint: "raise the limit if you trust it")
    }
}

/// A name for a message: what could move a terminal's cursor is shown as `\u{…}`.
func quoted(_ text: String) -> String {
    text.unicodeScalars.map {
        $0.properties.generalCategory == .control ? "\\u{\(String($0.value, radix: 16))}" : String($0)
    }
    .joined()
}
