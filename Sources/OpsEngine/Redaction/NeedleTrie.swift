/// The needles as a tree with failure links, while the automaton is built.
///
/// States are numbered in preorder from the root, 0: the first child of a state, where it has one, is the next number.
struct NeedleTrie {
    /// For each state: the number of bytes of its prefix. One more entry, 0, ends the list.
    private(set) var depth: [Int32] = [0]
    /// For each state: its last byte.
    private(set) var byte: [UInt8] = [0]
    /// For each state: the next child of its parent, or 0.
    private(set) var sibling: [Int32] = [0]
    /// For each state: the longest proper suffix that is a state too.
    private(set) var failure: [Int32] = [0]
    /// For each state: the index of the longest needle that ends here, or -1. Shorter ones lie within it.
    private(set) var match: [Int32] = [-1]
    /// For each state: whether it has one child, and whether a needle ends in it.
    private(set) var kind: [NeedleTables.Kind] = [[]]
    /// The next state for each byte: first of the root, then of its children, 256 each.
    private(set) var rows = [Int32](repeating: 0, count: 256)
    /// For each byte: where the row of the root's child of that byte begins, or 0.
    private(set) var rowStart = [Int32](repeating: 0, count: 256)

    init(_ needles: [SecretRegistry.Needle]) {
        insert(needles)
        fillRows()
        link()
    }

    /// Adds the needles in order of their bytes, so that each shares its beginning with the one before.
    private mutating func insert(_ needles: [SecretRegistry.Needle]) {
        let size = 1 + needles.reduce(0) { $0 + $1.bytes.count }
        depth.reserveCapacity(size + 1)
        byte.reserveCapacity(size + 1)
        var order = needles.indices.map { (key: Self.key(needles[$0].bytes), index: $0) }
        order.sort { first, second in
            if first.key != second.key { return first.key < second.key }
            return needles[first.index].bytes.lexicographicallyPrecedes(needles[second.index].bytes)
        }
        // The states of the needle before, by depth; a new state is a sibling of the one at its depth.
        var path = [Int32](repeating: 0, count: 1 + needles.reduce(0) { max($0, $1.bytes.count) })
        var previous: [UInt8] = []
        var siblings: [(state: Int32, sibling: Int32)] = []
        var ends: [(state: Int32, needle: Int32)] = []
        for (_, index) in order {
            let needle = needles[index].bytes
            let common = min(previous.count, needle.count)
            var shared = 0
            while shared < common, previous[shared] == needle[shared] { shared += 1 }
            let state = Int32(depth.count)
            if shared < common { siblings.append((path[shared + 1], state)) }
            byte += needle[shared...]
            depth += Int32(shared + 1)..<Int32(needle.count + 1)
            for position in shared..<needle.count { path[position + 1] = state + Int32(position - shared) }
            ends.append((path[needle.count], Int32(index)))
            previous = needle
        }
        sibling = [Int32](repeating: 0, count: depth.count)
        for (state, next) in siblings { sibling[Int(state)] = next }
        match = [Int32](repeating: -1, count: depth.count)
        for (state, needle) in ends { match[Int(state)] = needle }
        depth.append(0)
        byte.append(0)
    }

    /// The first eight bytes as a number that sorts as they do.
    private static func key(_ bytes: [UInt8]) -> UInt64 {
        var key: UInt64 = 0
        for position in 0..<8 { key = key << 8 | (position < bytes.count ? UInt64(bytes[position]) : 0) }
        return key
    }

    private func forEachChild(of state: Int, _ body: (Int) -> Void) {
        guard depth[state + 1] > depth[state] else { return }
        var child = state + 1
        repeat {
            body(child)
            child = Int(sibling[child])
        } while child != 0
    }

    private mutating func fillRows() {
        var children: [Int] = []
        forEachChild(of: 0) { children.append($0) }
        for child in children { rows[Int(byte[child])] = Int32(child) }
        let root = rows
        for child in children {
            var row = root
            forEachChild(of: child) { row[Int(byte[$0])] = Int32($0) }
            rowStart[Int(byte[child])] = Int32(rows.count)
            rows += row
        }
    }

    /// Sets the failure links, and the matches that they lead to, in order of depth.
    private mutating func link() {
        var failure = [Int32](repeating: 0, count: match.count)
        var match = match
        failure.withUnsafeMutableBufferPointer { failure in
            match.withUnsafeMutableBufferPointer { match in
                withTables(UnsafeBufferPointer(failure), UnsafeBufferPointer(match)) { tables in
                    Self.link(tables, &failure, &match)
                }
            }
        }
        self.failure = failure
        self.match = match
        kind = match.indices.map { state in
            var kind: NeedleTables.Kind = match[state] >= 0 ? .match : []
            if depth[state + 1] > depth[state], sibling[state + 1] == 0 { kind.insert(.oneChild) }
            return kind
        }
    }

    private static func link(
        _ tables: NeedleTables, _ failure: inout UnsafeMutableBufferPointer<Int32>,
        _ match: inout UnsafeMutableBufferPointer<Int32>
    ) {
        var queue: [Int32] = []
        queue.reserveCapacity(match.count)
        var state = 0
        var head = 0
        while true {
            var child = tables.depth[state + 1] > tables.depth[state] ? state + 1 : 0
            while child != 0 {
                queue.append(Int32(truncatingIfNeeded: child))
                if state != 0 {
                    let next = tables.next(failure[state], tables.byte[child])
                    failure[child] = next
                    if match[child] < 0 { match[child] = match[Int(next)] }
                }
                child = Int(tables.sibling[child])
            }
            guard head < queue.count else { break }
            state = Int(queue[head])
            head += 1
        }
    }

    /// Gives the tables as plain memory, which stays valid while `body` runs.
    func withTables<Result>(_ body: (NeedleTables) -> Result) -> Result {
        failure.withUnsafeBufferPointer { failure in
            match.withUnsafeBufferPointer { match in withTables(failure, match, body) }
        }
    }

    private func withTables<Result>(
        _ failure: UnsafeBufferPointer<Int32>, _ match: UnsafeBufferPointer<Int32>, _ body: (NeedleTables) -> Result
    ) -> Result {
        depth.withUnsafeBufferPointer { depth in
            byte.withUnsafeBufferPointer { byte in
                sibling.withUnsafeBufferPointer { sibling in
                    kind.withUnsafeBufferPointer { kind in
                        rows.withUnsafeBufferPointer { rows in
                            rowStart.withUnsafeBufferPointer { rowStart in
                                body(
                                    NeedleTables(
                                        depth: depth, byte: byte, sibling: sibling, failure: failure, match: match,
                                        kind: kind, rows: rows, rowStart: rowStart))
                            }
                        }
                    }
                }
            }
        }
    }
}
