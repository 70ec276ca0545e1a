/// A regular expression of a sops file's rules, in RE2's syntax as far as names of keys need it.
///
/// Matched in time proportional to pattern and text (Thompson's construction), since the file that holds the pattern
/// may come from anybody, and Swift's own engine backtracks.
struct SopsPattern: Sendable {
    private indirect enum Node {
        case empty
        case set(SopsCharacterSet)
        case assertion(Assertion)
        case sequence([Node])
        case choice([Node])
        case repetition(Node, least: Int, most: Int?)
    }

    private enum Assertion { case start, end, wordEdge, noWordEdge }

    private enum Step {
        case set(SopsCharacterSet)
        case assertion(Assertion)
        case jump(Int)
        case split(Int, Int)
        case match
    }

    private var steps: [Step] = []

    private static let stepLimit = 5_000
    private static let depthLimit = 50

    /// Nil where the expression is malformed, larger than is sensible, or has what is not known here: look-around does
    /// not exist in RE2; Unicode classes and the flags `m` and `U` do.
    init?(_ text: String) {
        var parser = Parser(rest: Array(text.unicodeScalars)[...])
        guard let node = parser.choice(depth: 0), parser.rest.isEmpty, emit(node) else { return nil }
        steps.append(.match)
    }

    /// True where it matches a part of the text.
    func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var marks = [Int](repeating: -1, count: steps.count)
        var threads: [Int] = []
        for position in 0...scalars.count {
            if follow([0] + threads, position, scalars, &marks, &threads) { return true }
            guard position < scalars.count else { break }
            threads = threads.compactMap { index -> Int? in
                guard case .set(let set) = steps[index], set.contains(scalars[position]) else { return nil }
                return index + 1
            }
        }
        return false
    }

    /// The steps that take a character, reached from some without taking one; true where a match is among them.
    private func follow(
        _ starts: [Int], _ position: Int, _ text: [Unicode.Scalar], _ marks: inout [Int], _ threads: inout [Int]
    ) -> Bool {
        threads = []
        var stack = starts
        while let index = stack.popLast() {
            guard marks[index] != position else { continue }
            marks[index] = position
            switch steps[index] {
            case .match: return true
            case .jump(let target): stack.append(target)
            case .split(let first, let second): stack += [first, second]
            case .assertion(let assertion):
                if Self.holds(assertion, position, text) { stack.append(index + 1) }
            case .set: threads.append(index)
            }
        }
        return false
    }

    private static func holds(_ assertion: Assertion, _ position: Int, _ text: [Unicode.Scalar]) -> Bool {
        func isWord(_ index: Int) -> Bool {
            text.indices.contains(index) && SopsCharacterSet.word.contains(text[index])
        }
        return switch assertion {
        case .start: position == 0
        case .end: position == text.count
        case .wordEdge: isWord(position - 1) != isWord(position)
        case .noWordEdge: isWord(position - 1) == isWord(position)
        }
    }

    /// False where there would be too many steps.
    private mutating func emit(_ node: Node) -> Bool {
        guard steps.count < Self.stepLimit else { return false }
        switch node {
        case .empty: return true
        case .set(let set): steps.append(.set(set))
        case .assertion(let assertion): steps.append(.assertion(assertion))
        case .sequence(let nodes): return nodes.allSatisfy { emit($0) }
        case .choice(let nodes):
            var ends: [Int] = []
            for (index, node) in nodes.enumerated() {
                let split = steps.count
                if index < nodes.count - 1 { steps.append(.jump(0)) }
                guard emit(node) else { return false }
                guard index < nodes.count - 1 else { break }
                ends.append(steps.count)
                steps.append(.jump(0))
                steps[split] = .split(split + 1, steps.count)
            }
            for end in ends { steps[end] = .jump(steps.count) }
        case .repetition(let node, let least, let most):
            for _ in 0..<least {
                let before = steps.count
                guard emit(node) else { return false }
                // An empty group repeated a thousand times, a thousand times, is still nothing.
                if steps.count == before { break }
            }
            guard let most else {
                let split = steps.count
                steps.append(.jump(0))
                guard emit(node) else { return false }
                steps.append(.jump(split))
                steps[split] = .split(split + 1, steps.count)
                return true
            }
            for _ in least..<most {
                let split = steps.count
                steps.append(.jump(0))
                guard emit(node) else { return false }
                steps[split] = .split(split + 1, steps.count)
            }
        }
        return true
    }

    private struct Parser {
        var rest: ArraySlice<Unicode.Scalar>
        var ignoresCase = false
        var dotIsAll = false

        mutating func choice(depth: Int) -> Node? {
            guard depth < depthLimit else { return nil }
            var branches: [Node] = []
            while true {
                var items: [Node] = []
                while let next = rest.first, next != "|", next != ")" {
                    guard let item = repeated(depth) else { return nil }
                    items.append(item)
                }
                branches.append(.sequence(items))
                guard take("|") else { break }
            }
            return branches.count == 1 ? branches[0] : .choice(branches)
        }

        private mutating func repeated(_ depth: Int) -> Node? {
            guard var node = atom(depth) else { return nil }
            while let next = rest.first {
                let bounds: (Int, Int?)
                switch next {
                case "*": bounds = (0, nil)
                case "+": bounds = (1, nil)
                case "?": bounds = (0, 1)
                case "{":
                    guard let counted = counts() else { return node }
                    bounds = counted
                default: return node
                }
                if next != "{" { rest = rest.dropFirst() }
                // A lazy repetition matches the same texts.
                _ = take("?")
                guard bounds.0 <= 1000, bounds.1.map({ $0 >= bounds.0 && $0 <= 1000 }) ?? true else { return nil }
                node = .repetition(node, least: bounds.0, most: bounds.1)
            }
            return node
        }

        /// `{2}`, `{2,}`, `{2,5}`; anything else is a brace that stands for itself.
        private mutating func counts() -> (Int, Int?)? {
            guard let end = rest.firstIndex(of: "}") else { return nil }
            let text = String(String.UnicodeScalarView(rest[(rest.startIndex + 1)..<end]))
            let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard let least = Int(parts[0]), least >= 0, parts.count <= 2,
                text.utf8.allSatisfy({ $0 != 0x2B && $0 != 0x2D })
            else { return nil }
            if parts.count == 2, !parts[1].isEmpty, Int(parts[1]) == nil { return nil }
            rest = rest[(end + 1)...]
            return (least, parts.count == 1 ? least : Int(parts[1]))
        }

        private mutating func atom(_ depth: Int) -> Node? {
            guard let next = rest.popFirst() else { return nil }
            switch next {
            case "^": return .assertion(.start)
            case "$": return .assertion(.end)
            case ".": return .set(dotIsAll ? .all : SopsCharacterSet(["\n"]).inverted)
            case "[": return SopsCharacterSet(bracketed: &rest).map { .set(set($0)) }
            case "(": return group(depth)
            case "*", "+", "?": return nil
            case "\\": return escape()
            default: return .set(set(SopsCharacterSet([next])))
            }
        }

        private func set(_ set: SopsCharacterSet) -> SopsCharacterSet { ignoresCase ? set.ignoringCase : set }

        private mutating func escape() -> Node? {
            guard let next = rest.first else { return nil }
            let assertions: [Unicode.Scalar: Assertion] = [
                "A": .start, "z": .end, "b": .wordEdge, "B": .noWordEdge,
            ]
            if let assertion = assertions[next] {
                rest = rest.dropFirst()
                return .assertion(assertion)
            }
            return SopsCharacterSet(escape: &rest).map { .set(set($0)) }
        }

        private mutating func group(_ depth: Int) -> Node? {
            let outer = (ignoresCase, dotIsAll)
            if take("?") {
                if take("P") || rest.first == "<" {
                    guard take("<"), let end = rest.firstIndex(of: ">") else { return nil }
                    rest = rest[(end + 1)...]
                } else {
                    var isOn = true
                    while let flag = rest.popFirst(), flag != ":" {
                        switch flag {
                        case "i": ignoresCase = isOn
                        case "s": dotIsAll = isOn
                        case "-": isOn = false
                        // Flags alone hold up to the end of the group around them.
                        case ")": return .empty
                        default: return nil
                        }
                    }
                }
            }
            guard let node = choice(depth: depth + 1), take(")") else { return nil }
            (ignoresCase, dotIsAll) = outer
            return node
        }

        private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard rest.first == scalar else { return false }
            rest = rest.dropFirst()
            return true
        }
    }
}
