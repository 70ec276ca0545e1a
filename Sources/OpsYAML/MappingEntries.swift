import OpsCore

/// The entries of one mapping while it is read: unique textual keys, and `<<`.
struct MappingEntries {
    private(set) var all: [Node.Entry] = []
    /// The index of `<<` in `all`.
    private var merge: Int?
    /// The places of the keys, once there are many.
    private var index: [String: Int] = [:]

    private static let scanLimit = 8

    private func place(of key: String) -> Int? {
        all.count > Self.scanLimit ? index[key] : all.firstIndex { $0.key == key }
    }

    mutating func append(_ key: Node, _ value: Node, _ composer: inout Composer)
        throws(DiagnosticsError)
    {
        guard case .scalar(let scalar) = key.content else {
            try composer.report(
                "non-scalar-key", "a key must be text, not a \(key.isMapping ? "map" : "list")",
                hint: key.isMapping
                    ? "quote a text that starts with '{'; an expression is written \"${{ … }}\"" : nil,
                at: key.range)
            return
        }
        if let first = place(of: scalar.text) {
            let line = all[first].keyRange.start.line
            try composer.report(
                "duplicate-key", "duplicate key '\(scalar.text)'", hint: "it is already on line \(line)",
                at: key.range)
            return
        }
        if scalar.text == "<<", scalar.style == .plain { merge = all.count }
        all.append(Node.Entry(key: scalar.text, keyRange: key.range, value: value))
        if all.count == Self.scanLimit + 1 {
            for (place, entry) in all.enumerated() { index[entry.key] = place }
        } else if all.count > Self.scanLimit {
            index[scalar.text] = all.count - 1
        }
    }

    /// The entries with `<<` replaced by those of its map or maps: keys written here win over merged ones,
    /// earlier maps over later ones.
    mutating func merged(_ composer: inout Composer) throws(DiagnosticsError) -> [Node.Entry] {
        guard let merge else { return all }
        let value = all[merge].value
        var maps: [[Node.Entry]] = []
        switch value.content {
        case .mapping(let entries): maps = [entries]
        case .sequence(let nodes):
            for node in nodes {
                if case .mapping(let entries) = node.content {
                    maps.append(entries)
                } else {
                    try Self.refuse(node, &composer)
                }
            }
        case .scalar: try Self.refuse(value, &composer)
        }
        var known = Set(all.map(\.key))
        var result = Array(all[..<merge])
        for entry in maps.joined() where known.insert(entry.key).inserted { result.append(entry) }
        result.append(contentsOf: all[(merge + 1)...])
        return result
    }

    private static func refuse(_ node: Node, _ composer: inout Composer) throws(DiagnosticsError) {
        try composer.report(
            "merge-value", "'<<' takes a map or a list of maps", hint: "such as '<<: *name'",
            at: node.range)
    }
}

extension Node {
    var isMapping: Bool { if case .mapping = content { true } else { false } }
}
