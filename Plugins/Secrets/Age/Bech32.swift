/// Bech32 (BIP 173) without its limit of 90 characters, as age writes keys.
enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

    /// The part before the last `1`, in lower case, and the bytes behind it. Nil where the checksum or anything else
    /// is wrong.
    static func decode(_ text: some StringProtocol) -> (prefix: String, bytes: [UInt8])? {
        let isUpper = text.utf8.contains { (0x41...0x5A).contains($0) }
        guard !isUpper || !text.utf8.contains(where: { (0x61...0x7A).contains($0) }) else { return nil }
        let lower = Array(text.utf8).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard let separator = lower.lastIndex(of: UInt8(ascii: "1")), separator > 0, lower.count - separator > 6,
            lower[..<separator].allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        var values: [UInt8] = []
        for character in lower[(separator + 1)...] {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            values.append(UInt8(value))
        }
        let prefix = lower[..<separator]
        guard checksum(prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 } + values) == 1 else { return nil }
        guard let bytes = octets(values.dropLast(6)) else { return nil }
        return (String(decoding: prefix, as: UTF8.self), bytes)
    }

    private static func checksum(_ values: [UInt8]) -> UInt32 {
        let generators: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
        var sum: UInt32 = 1
        for value in values {
            let top = sum >> 25
            sum = (sum & 0x1FF_FFFF) << 5 ^ UInt32(value)
            for (bit, generator) in generators.enumerated() where top >> bit & 1 == 1 { sum ^= generator }
        }
        return sum
    }

    /// Groups of five bits as bytes; nil where what is left over is not padding with zeros.
    private static func octets(_ values: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for value in values {
            bits = bits << 5 & 0xFFF | UInt32(value)
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return count < 5 && bits & ((1 << count) - 1) == 0 ? bytes : nil
    }
}
