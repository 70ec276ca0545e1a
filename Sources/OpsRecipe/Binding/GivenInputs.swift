package import OpsCore
package import OrderedCollections

/// What a caller gives to inputs.
package struct GivenInputs: Sendable {
    /// `key=value` as given; a list's key may be repeated.
    package var commandLine: [(key: String, value: String)]
    /// The map that `--inputs FILE` held.
    package var file: ValueMap?
    /// The caller's.
    package var environment: [String: String]
    /// Where `ops` was called, absolute: a path is relative to it.
    package var callerDirectory: String
    /// Names of inputs that are bound elsewhere.
    package var otherNames: OrderedSet<String>

    package init(
        commandLine: [(key: String, value: String)] = [], file: ValueMap? = nil, environment: [String: String] = [:],
        callerDirectory: String, otherNames: OrderedSet<String> = []
    ) {
        self.commandLine = commandLine
        self.file = file
        self.environment = environment
        self.callerDirectory = callerDirectory
        self.otherNames = otherNames
    }
}

/// A value that `with` gives an input, and where that stands.
package struct GivenValue: Sendable {
    package var value: Value
    package var range: SourceRange

    package init(_ value: Value, at range: SourceRange) {
        self.value = value
        self.range = range
    }
}
