/// Shamir's secret sharing over the field of 256 elements, as sops splits a data key among groups of keys.
enum Shamir {
    /// The secret in as many shares as it was split for, or more; a share ends with its x coordinate. Nil where they
    /// cannot be shares of one secret.
    static func combine(_ shares: [[UInt8]]) -> [UInt8]? {
        guard shares.count > 1, let length = shares.first?.count, length > 1,
            shares.allSatisfy({ $0.count == length })
        else { return nil }
        let points = shares.map { $0[length - 1] }
        guard Set(points).count == points.count, !points.contains(0) else { return nil }
        var secret = [UInt8](repeating: 0, count: length - 1)
        for (index, point) in points.enumerated() {
            // Lagrange's basis polynomial at 0; subtraction is addition here.
            var weight: UInt8 = 1
            for (other, value) in points.enumerated() where other != index {
                weight = product(weight, product(value, inverse(value ^ point)))
            }
            for place in secret.indices { secret[place] ^= product(shares[index][place], weight) }
        }
        return secret
    }

    /// Modulo x^8 + x^4 + x^3 + x + 1.
    private static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var (left, result) = (left, UInt8(0))
        for bit in 0..<8 {
            // Masks, not branches, on bits of the secret.
            result ^= left & (0 &- (right >> bit & 1))
            left = left << 1 ^ 0x1B & (0 &- (left >> 7))
        }
        return result
    }

    /// The power of 254.
    private static func inverse(_ value: UInt8) -> UInt8 {
        var (power, result) = (value, UInt8(1))
        for _ in 0..<7 {
            power = product(power, power)
            result = product(result, power)
        }
        return result
    }
}
