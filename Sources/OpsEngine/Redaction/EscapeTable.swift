/// What a way of quoting writes for each byte.
struct EscapeTable: Sendable {
    /// For each byte what stands for it; empty where it stands for itself.
    private var replacements = [[UInt8]](repeating: [], count: 256)

    init(_ replacement: (UInt8) -> String?) {
        for byte in UInt8.min...UInt8.max { self[byte] = replacement(byte).map { Array($0.utf8) } ?? [] }
    }

    subscript(byte: UInt8) -> [UInt8] {
        get { replacements[Int(byte)] }
        set { replacements[Int(byte)] = newValue }
    }

    /// A table that replaces a few bytes.
    init(_ few: [Character: String]) {
        self.init { byte in few[Character(UnicodeScalar(byte))] }
    }

    /// The bytes as they are quoted; nil where they stay what they are.
    func apply(to bytes: [UInt8]) -> [UInt8]? {
        guard let first = bytes.firstIndex(where: { !replacements[Int($0)].isEmpty }) else { return nil }
        var result = Array(bytes[..<first])
        result.reserveCapacity(bytes.count * 2)
        for byte in bytes[first...] {
            let replacement = replacements[Int(byte)]
            if replacement.isEmpty { result.append(byte) } else { result += replacement }
        }
        return result
    }
}
