import OpsCore

/// One of the five fields of a cron expression (crontab(5)): which numbers it holds.
package struct CronField: Sendable, Equatable {
    /// What a field is for.
    package enum Kind: String, Sendable, CaseIterable {
        case minute, hour
        case day = "day of the month"
        case month
        case weekday = "day of the week"

        package var bounds: ClosedRange<Int> {
            switch self {
            case .minute: 0...59
            case .hour: 0...23
            case .day: 1...31
            case .month: 1...12
            // 7 is Sunday as well.
            case .weekday: 0...7
            }
        }

        /// Words that stand for numbers, the first for the lowest.
        fileprivate var words: [String] {
            switch self {
            case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            case .weekday: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
            case .minute, .hour, .day: []
            }
        }
    }

    /// One item of the list: `*`, `7`, `1-5`, with a step behind the first and last.
    package struct Item: Sendable, Equatable {
        /// Nil is `*`.
        package var range: ClosedRange<Int>?
        package var step: Int
    }

    package let kind: Kind
    package let items: [Item]
    /// A bit for each number; Sunday is 0 only.
    private let bits: UInt64

    /// True where it begins with `*`: cron(8) then joins day of the month and of the week by *and*.
    package var isStar: Bool { items.first?.range == nil }
    /// True where it is `*` and nothing else.
    package var isEvery: Bool { items == [Item(range: nil, step: 1)] }

    /// Throws: an `OpsError` (`invalid`) that says what is wrong with the field.
    init(_ text: Substring, _ kind: Kind) throws(OpsError) {
        self.kind = kind
        var items: [Item] = []
        var bits: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let item = try Self.item(part, kind, of: text)
            items.append(item)
            for number in stride(
                from: item.range?.lowerBound ?? kind.bounds.lowerBound,
                through: item.range?.upperBound ?? (kind == .weekday ? 6 : kind.bounds.upperBound), by: item.step)
            {
                bits |= 1 << UInt64(kind == .weekday && number == 7 ? 0 : number)
            }
        }
        self.items = items
        self.bits = bits
    }

    package func contains(_ number: Int) -> Bool { bits >> UInt64(number) & 1 == 1 }

    /// The numbers it holds, in order.
    package var numbers: [Int] { kind.bounds.filter { contains($0) && !(kind == .weekday && $0 == 7) } }

    /// As crontab(5) takes it everywhere: numbers in place of names.
    package var text: String {
        items.map { item in
            var text = "*"
            if let range = item.range {
                text = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
            }
            return item.step == 1 ? text : "\(text)/\(item.step)"
        }.joined(separator: ",")
    }

    private static func item(_ part: Substring, _ kind: Kind, of field: Substring) throws(OpsError) -> Item {
        let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let body = halves.first, !body.isEmpty else {
            throw OpsError(.invalid, "the \(kind.rawValue) '\(field)' has an empty item")
        }
        var range: ClosedRange<Int>?
        if body != "*" {
            let ends = body.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let low = try number(ends[0], kind)
            let high = try ends.count > 1 ? number(ends[1], kind) : low
            guard low <= high else {
                let rewrite =
                    "\(low)-\(kind == .weekday ? 6 : kind.bounds.upperBound),\(kind.bounds.lowerBound)-\(high)"
                throw OpsError(
                    .invalid, "the \(kind.rawValue) '\(body)' goes backwards", hint: "write \(rewrite)")
            }
            range = low...high
            if halves.count > 1, ends.count == 1 {
                throw OpsError(
                    .invalid, "the \(kind.rawValue) '\(part)' has a step without a range",
                    hint: "write \(low)-\(kind == .weekday ? 6 : kind.bounds.upperBound)/\(halves[1])")
            }
        }
        guard halves.count > 1 else { return Item(range: range, step: 1) }
        guard let step = Int(halves[1]), halves[1].allSatisfy(\.isNumber), (1...kind.bounds.upperBound).contains(step)
        else {
            throw OpsError(
                .invalid,
                "the step '\(halves[1])' of the \(kind.rawValue) is no number from 1 to \(kind.bounds.upperBound)")
        }
        return Item(range: range, step: step)
    }

    private static func number(_ text: Substring, _ kind: Kind) throws(OpsError) -> Int {
        if let place = kind.words.firstIndex(of: text.lowercased()) { return kind.bounds.lowerBound + place }
        guard let number = Int(text), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            let near = nearestName(to: String(text), among: kind.words).map { "did you mean '\($0)'?" }
            let names = kind.words.isEmpty ? "a number" : "a number or one of \(kind.words.joined(separator: " "))"
            throw OpsError(.invalid, "'\(text)' is no \(kind.rawValue)", hint: near ?? "it takes \(names)")
        }
        guard kind.bounds.contains(number) else {
            throw OpsError(
                .invalid,
                "the \(kind.rawValue) is from \(kind.bounds.lowerBound) to \(kind.bounds.upperBound), not \(number)")
        }
        return number
    }
}
