/// A text file kept to show its lines in messages.
///
/// Lines end where YAML's reader counts an end (LF, CR LF, CR, U+0085, U+2028, U+2029), so that line numbers
/// are those of `SourceRange`; a byte order mark at the start belongs to no line.
public struct SourceText: Sendable {
    public let file: String
    public let bytes: [UInt8]
    /// The byte offset at which each line starts.
    private let starts: [Int]

    public init(file: String, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
        starts = Self.lineStarts(bytes)
    }

    /// The number of lines; an end of line at the end of the text starts no further one.
    public var lineCount: Int { starts.last == bytes.count ? starts.count - 1 : starts.count }

    /// The line of that number, counted from 1, without its end; nil past the end. Bytes that are not UTF-8
    /// become U+FFFD.
    public func line(_ number: Int) -> String? {
        guard number >= 1, number <= lineCount else { return nil }
        var slice = bytes[starts[number - 1]..<(number < starts.count ? starts[number] : bytes.count)]
        while let end = Self.breakLength(endOf: slice) { slice.removeLast(end) }
        return String(decoding: slice, as: UTF8.self)
    }

    /// The position of the byte at an offset from 0; the end of the text for one past it.
    public func position(ofByte offset: Int) -> SourcePosition {
        let offset = min(max(offset, starts[0]), bytes.count)
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        let column = bytes[starts[low]..<offset].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
        return SourcePosition(line: low + 1, column: column)
    }

    private static func breakLength(endOf line: ArraySlice<UInt8>) -> Int? {
        switch line.last {
        case 0x0A, 0x0D: 1
        case 0x85 where line.dropLast().last == 0xC2: 2
        case 0xA8 where line.dropLast().suffix(2) == [0xE2, 0x80],
            0xA9 where line.dropLast().suffix(2) == [0xE2, 0x80]:
            3
        default: nil
        }
    }

    private static func lineStarts(_ bytes: [UInt8]) -> [Int] {
        bytes.withUnsafeBufferPointer { bytes in
            let count = bytes.count
            let hasMark = count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
            var starts = [hasMark ? 3 : 0]
            var index = starts[0]
            while index < count {
                let byte = bytes[index]
                index += 1
                switch byte {
                case 0x0A: starts.append(index)
                case 0x0D where index >= count || bytes[index] != 0x0A: starts.append(index)
                case 0xC2 where index < count && bytes[index] == 0x85: starts.append(index + 1)
                case 0xE2 where index + 1 < count && bytes[index] == 0x80 && bytes[index + 1] & 0xFE == 0xA8:
                    starts.append(index + 2)
                default: break
                }
            }
            return starts
        }
    }
}
