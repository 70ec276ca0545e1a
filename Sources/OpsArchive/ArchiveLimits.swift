/// What an archive may make of itself when it is read; each is counted on what comes out, not on what headers say.
package struct ArchiveLimits: Sendable, Hashable {
    /// Bytes of all content.
    package var size: Int
    /// Also of what is unpacked, the folders on the way to others counted.
    package var entries: Int
    /// Bytes out for each byte of the archive; counted from `freeSize` on.
    package var ratio: Int
    /// Bytes of one path.
    package var pathLength = 4096
    /// Names in one path.
    package var depth = 128

    /// Content that any archive may have, whatever its own size: 64 MiB.
    package static let freeSize = 64 << 20

    package init(size: Int = 64 << 30, entries: Int = 1_000_000, ratio: Int = 1000) {
        self.size = size
        self.entries = entries
        self.ratio = ratio
    }
}
