/// Finds every occurrence of many byte strings in one pass over bytes (Aho and Corasick, 1975).
final class NeedleAutomaton: Sendable {
    private let trie: NeedleTrie
    private let filter: WindowFilter
    /// For each needle: its number of bytes and the index of its name in `placeholders`.
    private let lengths: [Int32]
    private let nameOfNeedle: [Int]
    private let names: [String]
    /// What stands in the output for a needle of the name.
    let placeholders: [[UInt8]]

    init(_ needles: [SecretRegistry.Needle]) {
        trie = NeedleTrie(needles)
        filter = WindowFilter(needles)
        lengths = needles.map { Int32($0.bytes.count) }
        var nameIndex: [String: Int] = [:]
        var names: [String] = []
        nameOfNeedle = needles.map { needle in
            if let known = nameIndex[needle.name] { return known }
            nameIndex[needle.name] = names.count
            names.append(needle.name)
            return names.count - 1
        }
        self.names = names
        let trie = trie
        placeholders = names.map { name in
            let placeholder = Array("[masked:\(name)]".utf8)
            // A name may be somebody's value: `password` as the password `password`.
            return Self.occurs(trie, in: placeholder) ? Array("***".utf8) : placeholder
        }
    }

    /// Reads bytes with a cursor. Returns the first place that is not decided; see `StreamCursor`.
    func scan(
        _ bytes: UnsafeRawBufferPointer, at start: Int, with cursor: inout StreamCursor, into ranges: inout MaskedRanges
    ) -> Int {
        trie.withTables { tables in
            lengths.withUnsafeBufferPointer { lengths in
                filter.withProbe { probe in
                    cursor.scan(bytes, at: start, tables, lengths, probe, into: &ranges)
                    return cursor.undecided(start + bytes.count, tables)
                }
            }
        }
    }

    /// The index in `placeholders` of a needle.
    func name(of needle: Int32) -> Int { nameOfNeedle[Int(needle)] }

    /// The names of the needles that end in the states, sorted.
    func names(endingIn states: Set<Int32>) -> [String] {
        var found: Set<Int> = []
        for state in states {
            var suffix = Int(state)
            while suffix != 0, trie.match[suffix] >= 0 {
                let needle = trie.match[suffix]
                if lengths[Int(needle)] == trie.depth[suffix] { found.insert(name(of: needle)) }
                suffix = Int(trie.failure[suffix])
            }
        }
        return found.map { names[$0] }.sorted()
    }

    /// True where a needle stands in the bytes.
    private static func occurs(_ trie: NeedleTrie, in bytes: [UInt8]) -> Bool {
        for start in bytes.indices {
            var state = 0
            for byte in bytes[start...] {
                guard trie.depth[state + 1] > trie.depth[state] else { break }
                var child = state + 1
                while child != 0, trie.byte[child] != byte { child = Int(trie.sibling[child]) }
                if child == 0 { break }
                state = child
                if trie.match[state] >= 0 { return true }
            }
        }
        return false
    }
}
