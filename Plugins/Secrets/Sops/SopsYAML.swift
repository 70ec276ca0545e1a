import OpsCore
import OpsYAML
import OrderedCollections

/// YAML values as the library that sops is built on types them, which matters to the MAC over unencrypted ones: beside
/// the core schema it knows `_` within numbers, octal numbers by a leading zero, and dates (go-yaml v3, resolve).
enum SopsYAML {
    static func value(_ node: Node) -> Value {
        switch node.content {
        case .sequence(let items): return .list(items.map(value))
        case .mapping(let entries):
            return .map(ValueMap(entries.map { ($0.key, value($0.value)) }, uniquingKeysWith: { first, _ in first }))
        case .scalar(let scalar):
            guard scalar.style == .plain else { return scalar.value }
            return integer(scalar.text) ?? date(scalar.text).map { .string($0) } ?? scalar.value
        }
    }

    /// Nil where the core schema has the same.
    private static func integer(_ text: String) -> Value? {
        let isNegative = text.hasPrefix("-")
        let numeral = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
        let digits = numeral.filter { $0 != "_" }
        guard let first = numeral.utf8.first, (0x30...0x39).contains(first), digits.utf8.count > 1,
            digits.hasPrefix("0") || digits.utf8.count < numeral.utf8.count
        else { return nil }
        let radixes: [(String, Int)] = [("0b", 2), ("0o", 8), ("0x", 16), ("0", 8), ("", 10)]
        guard let (mark, radix) = radixes.first(where: { digits.lowercased().hasPrefix($0.0) }),
            let magnitude = Int(digits.dropFirst(mark.count), radix: radix)
        else { return nil }
        return .integer(isNegative ? -magnitude : magnitude, spelling: text)
    }

    /// A date without a time is the start of its day in UTC, as sops itself shows it.
    private static func date(_ text: String) -> String? {
        let isDate = text.utf8.count == 10 && Timestamp.parse(text + "T00:00:00Z") != nil
        return isDate ? text + "T00:00:00Z" : nil
    }
}
