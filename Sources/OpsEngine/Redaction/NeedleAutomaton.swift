/// Finds every occurrence of many byte strings in one pass over bytes (Aho and Corasick, 1975).
///
/// States are numbered from the root, 0; each stands for a prefix of a needle. In front of it stands a filter: one
/// bit for each hash of a needle's first four bytes, so that text without needles is passed at the speed of a loop.
final class NeedleAutomaton: Sendable {
    /// How many bytes the filter looks at; no needle is shorter.
    static let window = SecretRegistry.shortestNeedle

    /// For each state: the number of bytes of its prefix.
    let depth: [Int32]
    /// For each state: the longest proper suffix that is a state too.
    let failure: [Int32]
    /// For each state: the length of the longest needle that ends here, or 0. Shorter ones lie within it.
    let matchLength: [Int32]
    /// For each state with a match: the index of the name in `placeholders`.
    let matchName: [Int32]
    /// For each state: its last byte, its first child and the next child of its parent; 0 is none.
    let byte: [UInt8]
    let firstChild: [Int32]
    let sibling: [Int32]
    /// The targets of the root's edges by byte; 0 where there is none.
    let rootTarget: [Int32]
    /// One bit for each hash of a first window.
    let filter: [UInt64]
    let names: [String]
    /// What stands in the output for a needle of the name.
    let placeholders: [[UInt8]]

    init(_ needles: [SecretRegistry.Needle]) {
        var trie = Trie()
        var nameIndex: [String: Int32] = [:]
        var names: [String] = []
        var filter = [UInt64](repeating: 0, count: 1 << 10)
        for needle in needles where needle.bytes.count >= Self.window {
            let index = nameIndex[needle.name] ?? Int32(names.count)
            if nameIndex.updateValue(index, forKey: needle.name) == nil { names.append(needle.name) }
            trie.insert(needle.bytes, name: index)
            let hash = needle.bytes.withUnsafeBytes { Self.hash($0, at: 0) }
            filter[hash >> 6] |= 1 << UInt64(hash & 63)
        }
        trie.link()
        depth = trie.depth
        failure = trie.failure
        matchLength = trie.matchLength
        matchName = trie.matchName
        byte = trie.byte
        firstChild = trie.firstChild
        sibling = trie.sibling
        var root = [Int32](repeating: 0, count: 256)
        trie.forEachChild(of: 0) { root[Int(trie.byte[Int($0)])] = $0 }
        rootTarget = root
        self.filter = filter
        self.names = names
        placeholders = names.map { name in
            let placeholder = Array("[masked:\(name)]".utf8)
            // A name may be somebody's value: `password` as the password `password`.
            return trie.occurs(in: placeholder) ? Array("***".utf8) : placeholder
        }
    }

    /// The filter's hash of the window at an offset; the window must lie within the bytes.
    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        let word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        return Int((word &* 0x9E37_79B1) >> 16)
    }

    /// The first offset from `start` on at which a needle may begin, or one with less than a window behind it.
    @inline(__always)
    func skip(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        filter.withUnsafeBufferPointer { filter in
            var offset = start
            let end = bytes.count - Self.window
            while offset <= end {
                let hash = Self.hash(bytes, at: offset)
                if filter[hash >> 6] & (1 << UInt64(hash & 63)) != 0 { break }
                offset += 1
            }
            return offset
        }
    }

    /// The state after one more byte.
    @inline(__always)
    func next(_ state: Int32, _ byte: UInt8) -> Int32 {
        var state = state
        while state != 0 {
            var child = firstChild[Int(state)]
            while child != 0 {
                if self.byte[Int(child)] == byte { return child }
                child = sibling[Int(child)]
            }
            state = failure[Int(state)]
        }
        return rootTarget[Int(byte)]
    }

    /// The names of the needles that occur, sorted.
    func names(in bytes: UnsafeRawBufferPointer) -> [String] {
        var found: Set<Int32> = []
        var state: Int32 = 0
        for byte in bytes {
            state = next(state, byte)
            var suffix = state
            while suffix != 0, matchLength[Int(suffix)] != 0 {
                if matchLength[Int(suffix)] == depth[Int(suffix)] { found.insert(matchName[Int(suffix)]) }
                suffix = failure[Int(suffix)]
            }
        }
        return found.map { names[Int($0)] }.sorted()
    }
}

/// The needles as a tree, while the automaton is built.
private struct Trie {
    var depth: [Int32] = [0]
    var failure: [Int32] = [0]
    var matchLength: [Int32] = [0]
    var matchName: [Int32] = [0]
    var byte: [UInt8] = [0]
    var firstChild: [Int32] = [0]
    var sibling: [Int32] = [0]

    func forEachChild(of state: Int32, _ body: (Int32) -> Void) {
        var child = firstChild[Int(state)]
        while child != 0 {
            body(child)
            child = sibling[Int(child)]
        }
    }

    func target(_ state: Int32, _ wanted: UInt8) -> Int32? {
        var child = firstChild[Int(state)]
        while child != 0, byte[Int(child)] != wanted { child = sibling[Int(child)] }
        return child == 0 ? nil : child
    }

    mutating func insert(_ needle: [UInt8], name: Int32) {
        var state: Int32 = 0
        for next in needle {
            if let known = target(state, next) {
                state = known
                continue
            }
            let added = Int32(depth.count)
            depth.append(depth[Int(state)] + 1)
            failure.append(0)
            matchLength.append(0)
            matchName.append(0)
            byte.append(next)
            firstChild.append(0)
            sibling.append(firstChild[Int(state)])
            firstChild[Int(state)] = added
            state = added
        }
        guard matchLength[Int(state)] == 0 else { return }
        matchLength[Int(state)] = Int32(needle.count)
        matchName[Int(state)] = name
    }

    /// Sets the failure links, and the matches that they lead to, in order of depth.
    mutating func link() {
        var queue: [Int32] = []
        queue.reserveCapacity(depth.count)
        forEachChild(of: 0) { queue.append($0) }
        var head = 0
        while head < queue.count {
            let state = queue[head]
            head += 1
            let first = queue.count
            forEachChild(of: state) { queue.append($0) }
            for child in queue[first...] {
                var suffix = failure[Int(state)]
                while suffix != 0, target(suffix, byte[Int(child)]) == nil { suffix = failure[Int(suffix)] }
                failure[Int(child)] = target(suffix, byte[Int(child)]) ?? 0
                guard matchLength[Int(child)] == 0 else { continue }
                let inherited = Int(failure[Int(child)])
                matchLength[Int(child)] = matchLength[inherited]
                matchName[Int(child)] = matchName[inherited]
            }
        }
    }

    /// True where a needle stands in the bytes.
    func occurs(in bytes: [UInt8]) -> Bool {
        var state: Int32 = 0
        for next in bytes {
            while state != 0, target(state, next) == nil { state = failure[Int(state)] }
            state = target(state, next) ?? 0
            if matchLength[Int(state)] != 0 { return true }
        }
        return false
    }
}
