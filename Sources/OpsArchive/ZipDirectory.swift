import Glibc
import OpsCore
import OpsSystem

/// The central directory of a zip (PKWARE APPNOTE 6.3.10, 4.3.12), compared with the local headers: programs
/// differ in which they believe, so a zip in which they disagree is refused.
struct ZipDirectory {
    private let descriptor: Int32
    private let name: String
    private let size: Int

    /// Compares every entry's two names.
    ///
    /// Throws: an `OpsError` (`invalid`) that names the first entry in which they differ, or says that there is no
    /// whole directory.
    static func check(descriptor: Int32, name: String) throws(OpsError) {
        let directory = ZipDirectory(descriptor: descriptor, name: name, size: Int(lseek(descriptor, 0, SEEK_END)))
        try directory.check()
    }

    private func check() throws(OpsError) {
        var (count, start, length) = try place()
        let bytes = try read(at: start, count: length)
        var index = 0
        while count > 0 {
            guard index + 46 <= bytes.count, number(bytes, index, 4) == 0x0201_4B50 else { throw damaged() }
            let nameSize = number(bytes, index + 28, 2)
            let extraSize = number(bytes, index + 30, 2)
            let end = index + 46 + nameSize + extraSize + number(bytes, index + 32, 2)
            guard end <= bytes.count else { throw damaged() }
            let entry = bytes[(index + 46)..<(index + 46 + nameSize)]
            let extra = bytes[(index + 46 + nameSize)..<(index + 46 + nameSize + extraSize)]
            let offset = try localOffset(bytes, index, Array(extra))
            let header = try read(at: offset, count: 30)
            guard number(header, 0, 4) == 0x0403_4B50 else { throw damaged() }
            guard try read(at: offset + 30, count: number(header, 26, 2)) == Array(entry) else {
                let shown = String(decoding: entry, as: UTF8.self)
                throw OpsError(
                    .invalid, "'\(quoted(shown))' in '\(name)' has another name in front of its content",
                    hint: "programs would disagree on what the zip holds")
            }
            index = end
            count -= 1
        }
    }

    /// The number of entries, and where the directory starts and how long it is, in bytes.
    private func place() throws(OpsError) -> (count: Int, start: Int, length: Int) {
        let tailStart = max(0, size - 22 - 0xFFFF)
        let tail = try read(at: tailStart, count: size - tailStart)
        var end = tail.count - 22
        while end >= 0, number(tail, end, 4) != 0x0605_4B50 || end + 22 + number(tail, end + 20, 2) != tail.count {
            end -= 1
        }
        guard end >= 0 else { throw damaged() }
        var place = (number(tail, end + 10, 2), number(tail, end + 16, 4), number(tail, end + 12, 4))
        if place.0 == 0xFFFF || place.1 == 0xFFFF_FFFF || place.2 == 0xFFFF_FFFF, tailStart + end >= 20 {
            let locator = try read(at: tailStart + end - 20, count: 20)
            if number(locator, 0, 4) == 0x0706_4B50 {
                let record = try read(at: number(locator, 8, 8), count: 56)
                guard number(record, 0, 4) == 0x0606_4B50 else { throw damaged() }
                place = (number(record, 32, 8), number(record, 48, 8), number(record, 40, 8))
            }
        }
        return place
    }

    /// Where the local header starts: in the zip64 field where the plain one is full.
    private func localOffset(_ bytes: [UInt8], _ index: Int, _ extra: [UInt8]) throws(OpsError) -> Int {
        let offset = number(bytes, index + 42, 4)
        guard offset == 0xFFFF_FFFF else { return offset }
        var field = 0
        while field + 4 <= extra.count {
            let length = number(extra, field + 2, 2)
            if number(extra, field, 2) == 1 {
                // Sizes stand in front of it, each only where its plain field is full.
                let before = [20, 24].count { number(bytes, index + $0, 4) == 0xFFFF_FFFF } * 8
                guard before + 8 <= length, field + 4 + before + 8 <= extra.count else { throw damaged() }
                return number(extra, field + 4 + before, 8)
            }
            field += 4 + length
        }
        return offset
    }

    private func read(at offset: Int, count: Int) throws(OpsError) -> [UInt8] {
        guard offset >= 0, count >= 0, offset <= size, count <= size - offset else { throw damaged() }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { pread(descriptor, $0 + done, count - done, offset + done) } ?? 0
            }
            guard got > 0 else { throw .system("read", name) }
            done += got
        }
        return bytes
    }

    private func number(_ bytes: [UInt8], _ index: Int, _ width: Int) -> Int {
        (0..<width).reduce(0) { $0 | Int(bytes[index + $1] & ($1 == 7 ? 0x7F : 0xFF)) << (8 * $1) }
    }

    private func damaged() -> OpsError {
        OpsError(.invalid, "'\(name)' cannot be read: its zip directory is damaged or incomplete")
    }
}
