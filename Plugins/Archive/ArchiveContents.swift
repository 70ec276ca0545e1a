import Glibc
import OpsArchive
import OpsCore

/// The files in an archive, for who searches them.
package enum ArchiveContents {
    /// Calls `body` with the path and the content of each file of a tar (plain, or in gzip, bzip2, xz or zstd) or a zip;
    /// of another file in such a compression with its content alone.
    ///
    /// False where the file is none of these. Throws: an `OpsError` where it is damaged or past the usual limits.
    package static func forEachFile(of path: String, _ body: (String?, [UInt8]) -> Void) throws -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw OpsError(.system, "cannot read '\(path)'") }
        defer { close(descriptor) }
        var isArchive = false
        do {
            let reader = try ArchiveReader(descriptor: descriptor, name: path)
            while let member = try reader.next() {
                isArchive = true
                body(member.path, try content(reader))
            }
            if isArchive { return true }
        } catch {
            guard let stream = try? ArchiveReader(descriptor: descriptor, name: path, isStream: true) else {
                if isArchive { throw error }
                return false
            }
            // What is no tar, or a damaged one, gives at least its bytes.
            if try stream.next() != nil { body(nil, try content(stream)) }
        }
        return true
    }

    private static func content(_ reader: ArchiveReader) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try reader.read { bytes.append(contentsOf: $0) }
        return bytes
    }
}
