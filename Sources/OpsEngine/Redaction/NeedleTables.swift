/// The automaton's tables as plain memory, for the loops over every byte; `NeedleTrie` says what they hold.
///
/// Holds nothing that is counted. A state is always one that `next`, `failure` or 0 gave: a release build checks
/// nothing.
struct NeedleTables {
    /// What a walk along a needle needs to know of a state.
    struct Kind: OptionSet, Sendable {
        let rawValue: UInt8
        static let oneChild = Self(rawValue: 1)
        static let match = Self(rawValue: 2)
    }

    let depth: UnsafeBufferPointer<Int32>
    let byte: UnsafeBufferPointer<UInt8>
    let sibling: UnsafeBufferPointer<Int32>
    let failure: UnsafeBufferPointer<Int32>
    let match: UnsafeBufferPointer<Int32>
    let kind: UnsafeBufferPointer<Kind>
    let rows: UnsafeBufferPointer<Int32>
    let rowStart: UnsafeBufferPointer<Int32>

    /// The state after one more byte.
    @inline(__always)
    func next(_ start: Int32, _ next: UInt8) -> Int32 {
        var state = Int(start)
        while true {
            let level = depth[state]
            if level == 0 { return rows[Int(next)] }
            if level == 1 { return rows[Int(rowStart[Int(byte[state])]) + Int(next)] }
            if depth[state + 1] > level {
                var child = state + 1
                repeat {
                    if byte[child] == next { return Int32(truncatingIfNeeded: child) }
                    child = Int(sibling[child])
                } while child != 0
            }
            state = Int(failure[state])
        }
    }

    /// The longest suffix of a state that is a state of at most so many bytes.
    @inline(__always)
    func suffix(of state: Int32, atMost limit: Int) -> Int32 {
        var state = state
        while state != 0, depth[Int(state)] > limit { state = failure[Int(state)] }
        return state
    }
}
