import OpsCore

/// Times as the server writes them: RFC 3339 with nanoseconds, in UTC or with an offset.
enum VaultTime {
    /// Whole seconds since 1970; nil where there is none.
    static func seconds(_ text: String) -> Double? {
        guard text.utf8.count >= 20 else { return nil }
        let start = text.prefix(19)
        var zone = text.dropFirst(19)
        if zone.first == "." { zone = zone.dropFirst().drop { $0.isASCII && $0.isNumber } }
        guard let time = Timestamp.parse(start + "Z") else { return nil }
        if zone == "Z" { return Double(time) }
        let parts = zone.dropFirst().split(separator: ":").map { Int($0) ?? -1 }
        guard parts.count == 2, (0...23).contains(parts[0]), (0...59).contains(parts[1]) else { return nil }
        let offset = Double(parts[0] * 3600 + parts[1] * 60)
        switch zone.first {
        case "+": return Double(time) - offset
        case "-": return Double(time) + offset
        default: return nil
        }
    }
}
