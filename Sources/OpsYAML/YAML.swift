package import OpsCore

/// What a document may hold at most; past a limit parsing ends with `yaml-limit`.
package struct YAMLLimits: Sendable {
    /// Of the file, and of all scalars' text after aliases were expanded.
    package var bytes: Int
    /// Collections inside one another.
    package var levels: Int
    /// Keys and values after aliases and `<<` were expanded.
    package var nodes: Int

    package init(bytes: Int, levels: Int, nodes: Int) {
        self.bytes = bytes
        self.levels = levels
        self.nodes = nodes
    }

    package static let `default` = YAMLLimits(bytes: 8 << 20, levels: 64, nodes: 100_000)
}

/// YAML text to nodes (ops-recipe(5), "YAML").
package enum YAML {
    /// The one document in the text, typed by YAML 1.2's core schema (spec 1.2.2, section 10.3).
    ///
    /// Throws: every problem with its place. A syntax error and a passed limit end the reading at once.
    /// Codes: `yaml-syntax yaml-encoding yaml-limit empty-document several-documents duplicate-key
    /// non-scalar-key unknown-tag tag-mismatch undefined-alias recursive-alias merge-value`.
    package static func parse(
        _ bytes: [UInt8], file: String, limits: YAMLLimits = .default
    ) throws(DiagnosticsError) -> Node {
        let start = SourcePosition(line: 1, column: 1)
        func failure(_ code: String, _ message: String, hint: String? = nil) -> DiagnosticsError {
            let range = SourceRange(file: file, start: start, end: SourcePosition(line: 1, column: 2))
            return DiagnosticsError([Diagnostic(code: code, message, hint: hint, at: range)])
        }
        guard bytes.count <= limits.bytes else {
            throw failure("yaml-limit", "the file is larger than \(ByteSize.text(limits.bytes))")
        }
        guard !bytes.isEmpty else { throw failure("empty-document", "the file is empty") }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw failure("yaml-encoding", "the file is UTF-16", hint: "save it as UTF-8")
        }
        let source = YAMLSource(SourceText(file: file, bytes: bytes))
        return try bytes.withUnsafeBufferPointer { buffer throws(DiagnosticsError) in
            var composer = Composer(EventReader(buffer, source: source), source: source, limits: limits)
            return try composer.document()
        }
    }
}
