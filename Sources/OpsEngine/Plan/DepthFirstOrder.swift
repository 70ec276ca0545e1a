/// Puts nodes in an order in which each stands behind all it needs. It walks with a stack of its own, so that a chain
/// may be of any length.
struct DepthFirstOrder<Node: Hashable> {
    private(set) var order: [Node] = []
    private var states: [Node: State] = [:]

    private enum State { case open, done }

    /// Adds a node and all it needs.
    ///
    /// - Parameters:
    ///   - needs: what a node needs; asked once of each.
    ///   - cycle: the error for a circle of needs: the nodes in it, the first once more at the end, and which of the
    ///     needs of the last but one closes it.
    mutating func add<Failure: Error>(
        _ root: Node, needs: (Node) throws(Failure) -> [Node], cycle: (_ path: [Node], _ need: Int) -> Failure
    ) throws(Failure) {
        guard states[root] == nil else { return }
        states[root] = .open
        var stack: [(node: Node, needs: [Node], next: Int)] = [(root, try needs(root), 0)]
        while let (node, waiting, next) = stack.last {
            guard next < waiting.count else {
                states[node] = .done
                order.append(node)
                stack.removeLast()
                continue
            }
            stack[stack.count - 1].next += 1
            let need = waiting[next]
            switch states[need] {
            case .done: continue
            case .open:
                let start = stack.firstIndex { $0.node == need } ?? 0
                throw cycle(stack[start...].map(\.node) + [need], next)
            case nil:
                states[need] = .open
                stack.append((need, try needs(need), 0))
            }
        }
    }
}
