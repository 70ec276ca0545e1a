import OpsCore

/// Builds the tree of nodes from events, with aliases, tags and limits applied on the way.
struct Composer {
    let reader: EventReader
    let source: YAMLSource
    let limits: YAMLLimits
    var diagnostics: [Diagnostic] = []

    private enum Anchor {
        case open
        case done(Node, weight: Weight)
    }

    /// What an alias adds when it is expanded.
    struct Weight {
        var nodes = 0
        var bytes = 0
        var levels = 0
    }

    private var anchors: [String: Anchor] = [:]
    /// Nodes and text so far; `levels` is the deepest level reached since it was last reset.
    private var total = Weight()

    private static let diagnosticsLimit = 100

    init(_ reader: EventReader, source: YAMLSource, limits: YAMLLimits) {
        self.reader = reader
        self.source = source
        self.limits = limits
    }

    var file: String { source.text.file }

    func range(_ start: SourcePosition, _ end: SourcePosition) -> SourceRange {
        SourceRange(file: file, start: start, end: max(start, end))
    }

    mutating func report(
        _ code: String, _ message: String, hint: String? = nil, at range: SourceRange
    ) throws(DiagnosticsError) {
        diagnostics.append(Diagnostic(code: code, message, hint: hint, at: range))
        if diagnostics.count >= Self.diagnosticsLimit { throw DiagnosticsError(diagnostics) }
    }

    func fatal(_ code: String, _ message: String, hint: String? = nil, at range: SourceRange)
        -> DiagnosticsError
    {
        DiagnosticsError(diagnostics + [Diagnostic(code: code, message, hint: hint, at: range)])
    }

    /// The next event; a syntax error comes with what was found wrong before it.
    mutating func next() throws(DiagnosticsError) -> Event {
        do { return try reader.next() } catch {
            throw DiagnosticsError(diagnostics + error.diagnostics)
        }
    }

    /// The stream's one document.
    mutating func document() throws(DiagnosticsError) -> Node {
        var event = try next()
        if case .streamStart = event.kind { event = try next() }
        guard case .documentStart = event.kind else {
            throw fatal("empty-document", "the file is empty", at: range(event.start, event.end))
        }
        let root = try node(try next(), level: 0)
        if case .scalar(let scalar) = root.content, scalar.text.isEmpty, scalar.style == .plain {
            throw fatal("empty-document", "the document is empty", at: root.range)
        }
        event = try next()
        if case .documentEnd = event.kind { event = try next() }
        if case .documentStart = event.kind {
            try report(
                "several-documents", "a second document starts here",
                hint: "a file holds one document; remove the '---'", at: range(event.start, event.end))
        }
        if !diagnostics.isEmpty { throw DiagnosticsError(diagnostics) }
        return root
    }

    /// The node that starts with an event, `level` collections deep.
    mutating func node(_ event: Event, level: Int) throws(DiagnosticsError) -> Node {
        if case .alias(let name) = event.kind { return try alias(name, event, level: level) }
        guard let anchor = event.anchor else { return try content(event, level: level) }
        let before = total
        anchors[anchor] = .open
        total.levels = level
        let node = try content(event, level: level)
        let weight = Weight(
            nodes: total.nodes - before.nodes, bytes: total.bytes - before.bytes,
            levels: total.levels - level)
        total.levels = max(total.levels, before.levels)
        anchors[anchor] = .done(node, weight: weight)
        return node
    }

    private mutating func content(_ event: Event, level: Int) throws(DiagnosticsError) -> Node {
        switch event.kind {
        case .scalar(let text, let style): return try scalar(text, style, event)
        case .sequenceStart(let isFlow): return try sequence(event, isFlow, level: level + 1)
        case .mappingStart(let isFlow): return try mapping(event, isFlow, level: level + 1)
        default:
            throw fatal("yaml-syntax", "a value is missing here", at: range(event.start, event.end))
        }
    }

    private mutating func count(
        nodes: Int = 1, bytes: Int = 0, at range: @autoclosure () -> SourceRange
    ) throws(DiagnosticsError) {
        total.nodes += nodes
        total.bytes += bytes
        if total.nodes > limits.nodes {
            throw fatal(
                "yaml-limit", "the document has more than \(limits.nodes) values, aliases expanded",
                at: range())
        }
        if total.bytes > limits.bytes {
            throw fatal(
                "yaml-limit",
                "the document has more than \(ByteSize.text(limits.bytes)) of text, aliases expanded",
                at: range())
        }
    }

    private mutating func enter(_ level: Int, at range: @autoclosure () -> SourceRange)
        throws(DiagnosticsError)
    {
        total.levels = max(total.levels, level)
        guard level <= limits.levels else {
            throw fatal("yaml-limit", "more than \(limits.levels) levels of nesting", at: range())
        }
    }

    private mutating func alias(_ name: String, _ event: Event, level: Int) throws(DiagnosticsError)
        -> Node
    {
        let place = range(event.start, event.end)
        switch anchors[name] {
        case .done(let node, let weight)?:
            try count(nodes: weight.nodes, bytes: weight.bytes, at: place)
            try enter(level + weight.levels, at: place)
            return node
        case .open?:
            try report("recursive-alias", "'*\(name)' stands inside '&\(name)' itself", at: place)
        case nil:
            let near = nearestName(to: name, among: anchors.keys.sorted())
            try report(
                "undefined-alias", "no anchor '&\(name)' before this",
                hint: near.map { "did you mean '*\($0)'?" } ?? "quote a text that starts with '*'",
                at: place)
        }
        return Node(.scalar(Node.Scalar(text: "", style: .plain, value: .null)), place)
    }

    private mutating func scalar(_ text: String, _ style: Node.Scalar.Style, _ event: Event)
        throws(DiagnosticsError) -> Node
    {
        var place = range(event.start, event.end)
        if event.anchor != nil || event.tag != nil { place.start = contentStart(event) }
        try count(bytes: text.utf8.count, at: place)
        var value = style == .plain ? CoreSchema.value(text) : .string(text)
        if let tag = event.tag { value = try tagged(tag, text, value, event, at: place) }
        return Node(.scalar(Node.Scalar(text: text, style: style, value: value, source: source)), place)
    }

    private mutating func sequence(_ event: Event, _ isFlow: Bool, level: Int) throws(DiagnosticsError)
        -> Node
    {
        var place = range(contentStart(event), event.end)
        try count(at: place)
        try enter(level, at: place)
        try checkCollectionTag(event, "seq")
        var items: [Node] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind {
                place.end = isFlow ? event.end : items.last?.range.end ?? event.end
                return Node(.sequence(items), place)
            }
            items.append(try node(event, level: level))
        }
    }

    private mutating func mapping(_ event: Event, _ isFlow: Bool, level: Int) throws(DiagnosticsError)
        -> Node
    {
        var place = range(contentStart(event), event.end)
        try count(at: place)
        try enter(level, at: place)
        try checkCollectionTag(event, "map")
        var entries = MappingEntries()
        while true {
            let event = try next()
            if case .mappingEnd = event.kind {
                place.end = isFlow ? event.end : entries.all.last?.value.range.end ?? event.end
                return Node(.mapping(try entries.merged(&self)), place)
            }
            let key = try node(event, level: level)
            let value = try node(try next(), level: level)
            try entries.append(key, value, &self)
        }
    }
}
