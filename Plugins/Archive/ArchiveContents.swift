import Glibc
import OpsArchive
import OpsCore

/// The files in an archive, for who searches them.
package enum ArchiveContents {
    /// Calls `body` with the path and the content of each file of a tar (plain, or in gzip, bzip2, xz or zstd) or a zip.
    ///
    /// False where the file is no such archive. Throws: an `OpsError` where it is damaged or past the usual limits.
    package static func forEachFile(of path: String, _ body: (String, [UInt8]) -> Void) throws -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw OpsError(.system, "cannot read '\(path)'") }
        defer { close(descriptor) }
        guard let reader = try? ArchiveReader(descriptor: descriptor, name: path) else { return false }
        while let member = try reader.next() {
            var bytes: [UInt8] = []
            try reader.read { bytes.append(contentsOf: $0) }
            body(member.path, bytes)
        }
        return true
    }
}
