import Crypto
import OpsCore
package import OpsSystem

/// Reads an archive back after it was written and compares it with what went in.
package enum ArchiveVerifier {
    /// Compares every file's SHA-256 and the number of entries. Blocking.
    ///
    /// - Parameters:
    ///   - descriptor: the archive, open for reading.
    ///   - summary: what `ArchiveWriter.write` gave.
    /// Throws: an `OpsError` (`mismatch`) that names the first entry that differs.
    package static func verify(
        descriptor: Int32, name: String, against summary: ArchiveSummary,
        cancellation: CancellationFlag = CancellationFlag()
    ) throws {
        var limits = ArchiveLimits(size: .max, entries: .max, ratio: .max)
        limits.pathLength = .max
        limits.depth = .max
        let reader = try ArchiveReader(descriptor: descriptor, name: name, limits: limits)
        var count = 0
        var files = 0
        while let member = try reader.next() {
            count += 1
            guard member.kind == .file else { continue }
            files += 1
            var hash = SHA256()
            try reader.read { bytes in
                try cancellation.check()
                hash.update(bufferPointer: bytes)
            }
            guard summary.digests[member.path] == Array(hash.finalize()) else {
                throw OpsError(
                    .mismatch, "'\(name)' does not hold what was put into it: '\(quoted(member.path))' differs",
                    hint: "the disk or the memory is damaged")
            }
        }
        guard count == summary.entries, files == summary.digests.count else {
            throw OpsError(.mismatch, "'\(name)' holds \(count) entries of \(summary.entries) that were put into it")
        }
    }
}
