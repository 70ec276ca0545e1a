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
    /// The one document in the text, by YAML 1.2's core schema.
    ///
    /// Throws: all that is wrong, as far as it could be read.
    package static func parse(
        _ bytes: [UInt8], file: String, limits: YAMLLimits = .default
    ) throws(DiagnosticsError) -> Node {
        throw DiagnosticsError([Diagnostic(code: "yaml-syntax", "not written yet")])
    }
}
