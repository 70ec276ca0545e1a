public import OpsCore

/// What a parameter takes.
public indirect enum ParameterType: Sendable {
    case any
    case string
    case boolean
    case integer
    case number
    /// `30s`, `1h30m`: text checked by `Duration.parse`.
    case duration
    /// `10MiB`: text checked by `ByteSize.parse`.
    case size
    /// `"0755"` or `0o755`: checked by `FileMode.parse`.
    case mode
    /// A file or folder, relative to the task's `dir`.
    case path(PathUse)
    /// A glob of the one glob language.
    case glob
    /// One of these words.
    case choice([String])
    case list(ParameterType)
    /// One value or a list of them; decoded as a list.
    case oneOrMore(ParameterType)
    /// Text keys to values of one type.
    case map(ParameterType)
    /// Named members, each declared.
    case record([Parameter])
    /// A value of a type that must be more than that.
    case limited(ParameterType, ValueLimits)
}

/// What an action does with a path it is given.
public enum PathUse: String, Sendable { case read, write }

/// One declaration of a parameter. Decoding, checking, `ops show`, the JSON Schema and the manual page are
/// all made from it.
public struct Parameter: Sendable {
    public var name: String
    public var type: ParameterType
    /// One sentence without a full stop.
    public var summary: String
    public var isRequired: Bool
    public var defaultValue: Value?
    /// True where a secret may flow into it. A string parameter only.
    public var isSecret: Bool
    public var example: Value?

    public init(
        _ name: String, _ type: ParameterType, _ summary: String, required: Bool = false,
        default defaultValue: Value? = nil, secret: Bool = false, example: Value? = nil
    ) {
        self.name = name
        self.type = type
        self.summary = summary
        self.isRequired = required
        self.defaultValue = defaultValue
        self.isSecret = secret
        self.example = example
    }
}

/// One output of an action.
public struct OutputDeclaration: Sendable {
    public var name: String
    public var type: ValueType
    public var summary: String

    public init(_ name: String, _ type: ValueType, _ summary: String) {
        self.name = name
        self.type = type
        self.summary = summary
    }
}

/// An example of an action: shown in help and manual, and run by the tests.
public struct ActionExample: Sendable {
    public var title: String
    /// The step as YAML, starting with the action's key.
    public var yaml: String
    /// The parameters, where they were given as values: the manifest of a program needs them so.
    public var arguments: [String: Value]?
    /// The files that it needs: path, relative to the step's folder, and text.
    public var files: [String: String] = [:]

    public init(_ title: String, _ yaml: String) {
        self.title = title
        self.yaml = yaml
    }

    /// An example in values: `ops plugin test` runs it in an empty folder that holds `files`.
    ///
    /// - Parameter action: the full name.
    public init(
        _ title: String, of action: String, with arguments: [String: Value], files: [String: String] = [:]
    ) {
        let members = arguments.sorted { $0.key < $1.key }.map { "\n  \($0.key): \(JSONWriter.text($0.value))" }
        self.init(title, "\(action):" + (members.isEmpty ? " {}" : members.joined()))
        self.arguments = arguments
        self.files = files
    }
}

/// All that is known of an action without running anything.
public struct ActionDeclaration: Sendable {
    /// `plugin.action`, or `run`.
    public var name: String
    /// One line.
    public var summary: String
    /// A paragraph or two for the manual.
    public var description: String
    public var parameters: [Parameter]
    /// The one parameter that the action's value is, where it is not a map of parameters (`run: make`).
    public var shorthand: String?
    public var outputs: [OutputDeclaration]
    public var examples: [ActionExample]
    /// What tells two states of an external program apart; nil for what is part of this executable.
    public var revision: String?

    public init(
        name: String, summary: String, description: String = "", parameters: [Parameter],
        shorthand: String? = nil, outputs: [OutputDeclaration] = [], examples: [ActionExample] = []
    ) {
        self.name = name
        self.summary = summary
        self.description = description
        self.parameters = parameters
        self.shorthand = shorthand
        self.outputs = outputs
        self.examples = examples
    }
}
