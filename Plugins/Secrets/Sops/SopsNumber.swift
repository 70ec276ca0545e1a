/// Numbers as Go writes them, whose text the MAC is over.
enum SopsNumber {
    /// Digits without an exponent, as many as tell the number apart (Go, strconv.FormatFloat with 'f' and -1).
    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        // Swift's description has the same digits, in one of two forms: 12.5 and 1.25e+30.
        let parts = number.magnitude.description.split(separator: "e")
        let halves = parts[0].split(separator: ".").map(String.init)
        var digits = halves.joined()
        var point = halves[0].count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
        if point <= 0 {
            digits = String(repeating: "0", count: 1 - point) + digits
            point = 1
        }
        if digits.count < point { digits += String(repeating: "0", count: point - digits.count) }
        let whole = digits.prefix(point).drop { $0 == "0" }
        var fraction = digits.dropFirst(point)
        while fraction.last == "0" { fraction.removeLast() }
        let sign = number.sign == .minus ? "-" : ""
        return "\(sign)\(whole.isEmpty ? "0" : whole)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
