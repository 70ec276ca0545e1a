/// Writes the parts of a freshness record: fixed little-endian numbers, and counted text.
struct RecordWriter {
    private(set) var bytes: [UInt8] = []

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func number(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func count(_ value: Int) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func text(_ text: String) {
        count(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func counted(_ part: [UInt8]) {
        count(part.count)
        bytes.append(contentsOf: part)
    }

    /// A text that system calls can take where it stands.
    mutating func path(_ path: String) {
        text(path)
        bytes.append(0)
    }
}

/// Reads what `RecordWriter` wrote, in place. Nil where the bytes end too early.
struct RecordReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func byte() -> UInt8? {
        guard offset < bytes.count else { return nil }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func number() -> UInt64? {
        guard bytes.count - offset >= 8 else { return nil }
        defer { offset += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    mutating func count() -> Int? {
        guard bytes.count - offset >= 4 else { return nil }
        defer { offset += 4 }
        return Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    mutating func counted() -> UnsafeRawBufferPointer? {
        guard let length = count(), bytes.count - offset >= length else { return nil }
        defer { offset += length }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
    }

    mutating func text() -> String? { counted().map { String(decoding: $0, as: UTF8.self) } }

    /// A path with the zero byte that ends it.
    mutating func path() -> UnsafeRawBufferPointer? {
        guard let path = counted(), byte() == 0 else { return nil }
        return UnsafeRawBufferPointer(start: path.baseAddress, count: path.count + 1)
    }
}
