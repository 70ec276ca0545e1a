import OpsCore

/// Writes a zip (PKWARE APPNOTE 6.3.10) in one pass: deflate, UTF-8 names, Unix modes, UTC times, zip64 where
/// needed.
///
/// Times are in DOS form as UTC (so that no time zone shows) and in the `UT` extra field.
final class ZipWriter {
    private let deflate: DeflateStream
    private let time: ZipTime
    private let sink: ByteSink
    private let output: Output
    private var current: Current?
    private var directory: [UInt8] = []
    private var count = 0

    /// Counts what went out.
    private final class Output {
        var offset = 0
        let sink: ByteSink

        init(_ sink: @escaping ByteSink) { self.sink = sink }

        func take(_ bytes: UnsafeRawBufferPointer) throws {
            try sink(bytes)
            offset += bytes.count
        }
    }

    private struct Current {
        var entry: ArchiveEntry
        var offset: Int
        var size: Int
        var isLarge: Bool
        var isDeflated: Bool
        /// What is stored in place of content: a link's target.
        var stored: [UInt8]
    }

    init(level: Int?, epoch: Int, sink: @escaping ByteSink) throws {
        let level = level ?? 6
        guard ArchiveFormat.zip.levels.contains(level) else {
            throw OpsError(.invalid, "zip has no level \(level)", hint: "it has 1 to 9")
        }
        time = ZipTime(epoch)
        output = Output(sink)
        self.sink = output.take
        deflate = try DeflateStream(level: level, sink: self.sink)
    }

    func begin(_ entry: ArchiveEntry, size: Int) throws {
        guard entry.path.utf8.count < 0xFFFF else { throw OpsError(.invalid, "'\(entry.path)' is too long for a zip") }
        var current = Current(
            entry: entry, offset: output.offset, size: size, isLarge: false, isDeflated: size > 0, stored: [])
        if case .symlink(let target) = entry.content {
            current.stored = Array(target.utf8)
            current.size = current.stored.count
        }
        // Deflate grows what it cannot shrink, by less than a thousandth.
        current.isLarge = current.size > 0xFF00_0000
        self.current = current
        var header = little(0x0403_4B50, 4) + common(current, crc: checksum(current.stored))
        if current.isDeflated {
            header += little(current.isLarge ? 0xFFFF_FFFF : 0, 4) + little(current.isLarge ? 0xFFFF_FFFF : 0, 4)
        } else {
            header += little(current.stored.count, 4) + little(current.stored.count, 4)
        }
        let extra = (current.isLarge ? little(1, 2) + little(16, 2) + little(0, 16) : []) + time.extra
        header += little(name(entry).count, 2) + little(extra.count, 2) + name(entry) + extra + current.stored
        try put(header)
    }

    func data(_ bytes: UnsafeRawBufferPointer) throws { try deflate.write(bytes) }

    func end() throws {
        guard let current else { return }
        self.current = nil
        var crc = checksum(current.stored)
        var packed = current.stored.count
        if current.isDeflated {
            (crc, packed) = try deflate.finish()
            let width = current.isLarge ? 8 : 4
            try put(
                little(0x0807_4B50, 4) + little(Int(crc), 4) + little(packed, width) + little(current.size, width))
        }
        var large: [UInt8] = []
        if current.isLarge { large += little(current.size, 8) + little(packed, 8) }
        if current.offset >= 0xFFFF_FFFF { large += little(current.offset, 8) }
        let extra = (large.isEmpty ? [] : little(1, 2) + little(large.count, 2) + large) + time.extra
        let type: UInt32 =
            switch current.entry.content {
            case .directory: 0o040000
            case .symlink: 0o120000
            case .file, .bytes: 0o100000
            }
        let attributes = Int((type | current.entry.mode) << 16) | (current.entry.isDirectory ? 0x10 : 0)
        directory += little(0x0201_4B50, 4) + [45, 3] + common(current, crc: crc)
        directory += little(current.isLarge ? 0xFFFF_FFFF : packed, 4)
        directory += little(current.isLarge ? 0xFFFF_FFFF : current.size, 4)
        directory += little(name(current.entry).count, 2) + little(extra.count, 2) + little(0, 6)
        directory += little(attributes, 4) + little(min(current.offset, 0xFFFF_FFFF), 4)
        directory += name(current.entry) + extra
        count += 1
    }

    func close() throws {
        let start = output.offset
        try put(directory)
        let isLarge = count >= 0xFFFF || start >= 0xFFFF_FFFF || directory.count >= 0xFFFF_FFFF
        if isLarge {
            let end = output.offset
            var record = little(0x0606_4B50, 4) + little(44, 8) + [45, 3, 45, 0] + little(0, 8)
            record += little(count, 8) + little(count, 8) + little(directory.count, 8) + little(start, 8)
            try put(record + little(0x0706_4B50, 4) + little(0, 4) + little(end, 8) + little(1, 4))
        }
        let shown = min(count, 0xFFFF)
        try put(
            little(0x0605_4B50, 4) + little(0, 4) + little(shown, 2) + little(shown, 2)
                + little(min(directory.count, 0xFFFF_FFFF), 4) + little(min(start, 0xFFFF_FFFF), 4) + little(0, 2))
    }

    /// From `version needed` to the checksum: the same in both headers, but for the checksum, which a local header
    /// in front of deflated bytes cannot know.
    private func common(_ current: Current, crc: UInt32) -> [UInt8] {
        let isASCII = current.entry.path.utf8.allSatisfy { $0 < 0x80 }
        let isStreamed = current.isDeflated
        let flags = (isStreamed ? 8 : 0) | (isASCII ? 0 : 0x800)
        return little(current.isLarge ? 45 : 20, 2) + little(flags, 2) + little(isStreamed ? 8 : 0, 2)
            + little(time.dosTime, 2) + little(time.dosDate, 2) + little(Int(crc), 4)
    }

    private func name(_ entry: ArchiveEntry) -> [UInt8] { Array((entry.path + (entry.isDirectory ? "/" : "")).utf8) }

    private func put(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { if !$0.isEmpty { try sink($0) } } }
}

/// One time as a zip holds it.
private struct ZipTime {
    let dosTime: Int
    let dosDate: Int
    /// The `UT` extra field with the time of modification; empty past 2038.
    let extra: [UInt8]

    /// - Parameter epoch: seconds since 1970; taken to the nearest that fits, 1980 to 2107.
    init(_ epoch: Int) {
        let seconds = min(max(epoch, 315_532_800), 4_354_819_198)
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: 86400)
        let date = CalendarDate(daysSince1970: days)
        dosDate = (date.year - 1980) << 9 | date.month << 5 | date.day
        dosTime = (rest / 3600) << 11 | (rest % 3600 / 60) << 5 | rest % 60 / 2
        extra = seconds <= 0x7FFF_FFFF ? [0x55, 0x54, 5, 0, 1] + little(seconds, 4) : []
    }
}

/// A number in `width` bytes, the lowest first.
private func little(_ value: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
}
