import CLibArchive
import Glibc
import OpsCore

/// What an archive's first bytes say it is; names do not count.
struct ArchiveKind {
    let isZip: Bool
    let filter: ops_archive_filter

    /// Reads the start of an open file and leaves it at the start.
    ///
    /// Throws: an `OpsError` (`invalid`) where it is no tar (plain or compressed by gzip, bzip2, xz or zstd) and no
    /// zip, or (zip) where it is a stream that cannot be read twice.
    init(descriptor: Int32, name: String) throws(OpsError) {
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else {
            throw OpsError(.invalid, "'\(name)' is not a file that can be read from its start")
        }
        lseek(descriptor, 0, SEEK_SET)
        let start = bytes[..<count]
        isZip = start.starts(with: [0x50, 0x4B, 3, 4]) || start.starts(with: [0x50, 0x4B, 5, 6])
        if start.starts(with: [0x1F, 0x8B]) {
            filter = OPS_ARCHIVE_GZIP
        } else if start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            filter = OPS_ARCHIVE_ZSTD
        } else if start.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]) {
            filter = OPS_ARCHIVE_XZ
        } else if start.starts(with: Array("BZh".utf8)) {
            filter = OPS_ARCHIVE_BZIP2
        } else {
            filter = OPS_ARCHIVE_PLAIN
            guard isZip || Self.isTar(start) else {
                throw OpsError(
                    .invalid, "'\(name)' is not an archive that ops reads",
                    hint: count == 0 ? "the file is empty" : "it reads tar (plain, gzip, bzip2, xz, zstd) and zip")
            }
        }
    }

    /// True for a block whose checksum is right (POSIX.1-2001, pax: ustar), and for the zeros of an empty tar.
    private static func isTar(_ block: ArraySlice<UInt8>) -> Bool {
        guard block.count == 512 else { return false }
        let digits = block[148..<156].drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        let stated = digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
        let sum = block.reduce(0) { $0 + Int($1) }
        // The field itself counts as eight spaces.
        return sum == 0 || stated == sum - block[148..<156].reduce(0) { $0 + Int($1) } + 8 * 0x20
    }
}
