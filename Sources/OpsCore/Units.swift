/// Durations as the recipe language writes them: `500ms`, `30s`, `5m`, `1h30m`, `7d`; a bare number is none.
extension Duration {
    /// The duration that a text such as `1h30m` names, or nil.
    public static func parse(_ text: String) -> Duration? {
        let units: [(String, Int64)] = [
            ("ms", 1_000_000), ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
            ("s", 1_000_000_000),
        ]
        var rest = text[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let count = Int64(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            guard let unit = units.first(where: { rest.hasPrefix($0.0) }) else { return nil }
            rest = rest.dropFirst(unit.0.count)
            let (product, overflow) = count.multipliedReportingOverflow(by: unit.1)
            let (sum, carry) = total.addingReportingOverflow(product)
            guard !overflow, !carry else { return nil }
            total = sum
        }
        return .nanoseconds(total)
    }

    /// Whole nanoseconds.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// In seconds.
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    /// As the recipe language writes it: `1h30m`, `250ms`.
    public var text: String {
        var milliseconds = nanoseconds / 1_000_000
        if milliseconds == 0 { return "0s" }
        var result = ""
        for (unit, size) in [
            ("d", 86_400_000 as Int64), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
        ] {
            if milliseconds >= size { result += "\(milliseconds / size)\(unit)" }
            milliseconds %= size
        }
        return result
    }

    /// For people, at the accuracy that matters: `45ms`, `1.25s`, `2m03s`, `1h05m`.
    public var shortText: String {
        let milliseconds = nanoseconds / 1_000_000
        if milliseconds < 1000 { return "\(milliseconds)ms" }
        if milliseconds < 60_000 {
            let hundredths = milliseconds / 10
            let fraction = hundredths % 100
            return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)s"
        }
        let seconds = milliseconds / 1000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if seconds < 3600 { return "\(seconds / 60)m\(two(seconds % 60))s" }
        return "\(seconds / 3600)h\(two(seconds % 3600 / 60))m"
    }
}

/// A number of bytes as the recipe language writes it: `10MB`, `10MiB`; a bare number is none.
public enum ByteSize {
    private static let units: [(String, Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("kB", 1000),
        ("KB", 1000),
        ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
    ]

    /// The bytes that a text such as `10MiB` names, or nil.
    public static func parse(_ text: String) -> Int? {
        guard let unit = units.first(where: { text.hasSuffix($0.0) }),
            let count = Int(text.dropLast(unit.0.count)), count >= 0
        else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit.1)
        return overflow ? nil : product
    }

    /// For people: `812 B`, `34.2 MB`.
    public static func text(_ bytes: Int) -> String {
        if bytes < 1000 { return "\(bytes) B" }
        var tenths = Double(bytes)
        var unit = "B"
        for next in ["kB", "MB", "GB", "TB"] where tenths >= 1000 {
            tenths /= 1000
            unit = next
        }
        let rounded = (tenths * 10).rounded() / 10
        return "\(rounded) \(unit)"
    }
}

/// File permissions as the recipe language writes them: quoted octal `"0755"`, or `0o755`.
public enum FileMode {
    /// The mode bits (at most `0o7777`), or nil.
    public static func parse(_ text: String) -> UInt32? {
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        guard (3...5).contains(digits.count), let mode = UInt32(digits, radix: 8), mode <= 0o7777 else {
            return nil
        }
        return mode
    }

    /// Four octal digits: `0755`.
    public static func text(_ mode: UInt32) -> String {
        let digits = String(mode & 0o7777, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
