public import OpsCore

/// One thing that a step would do to the world, as the plan lists it.
public struct Effect: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Reads files.
        case read
        /// Makes or replaces files.
        case write
        /// Starts a program.
        case execute
        /// Reads from a service: a download, a base image, a secret.
        case fetch
        /// Sends a request to a service.
        case request
        /// Puts something where others see it: a push, an upload.
        case publish
    }

    public var kind: Kind
    /// What is touched: a path, a URL, a command. Never a secret's value.
    public var target: String
    /// How much, or how, for people: `42 files, 1.2 MB`.
    public var detail: String?

    public init(_ kind: Kind, _ target: String, detail: String? = nil) {
        self.kind = kind
        self.target = target
        self.detail = detail
    }
}

/// What an action says it would do.
public struct ActionPlan: Sendable {
    public var effects: [Effect]
    /// Outputs known before the run, and unknown ones; those it declares and leaves out are unknown.
    public var outputs: [String: Value]

    public init(effects: [Effect] = [], outputs: [String: Value] = [:]) {
        self.effects = effects
        self.outputs = outputs
    }
}
