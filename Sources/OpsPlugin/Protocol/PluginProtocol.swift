/// What both sides of protocol 1 agree on (ops-plugin(7), "Protocol").
package enum PluginProtocol {
    /// The major version that is spoken.
    package static let major = 1
    /// The most bytes of one line, its end (LF) not counted.
    package static let lineLimit = 1 << 20
    /// The variable that is set to the major where a plugin is started by ops.
    package static let variable = "OPS_PLUGIN_PROTOCOL"
    /// How many bytes of a line that breaks the protocol an error shows.
    package static let quoteLimit = 200
    /// What the host can do beyond the protocol's core; a plugin may use or ignore it.
    package static let features = ["progress"]
}

/// What a plugin's program is started for: its one argument.
package enum PluginVerb: String, Sendable, CaseIterable {
    /// Prints the manifest.
    case describe
    /// Says what `apply` would do.
    case plan
    case apply
    /// Gives secrets.
    case fetch
}

/// How much a line of the log matters.
package enum PluginLogLevel: String, Sendable, CaseIterable {
    case debug, info, notice, warning, error
}
