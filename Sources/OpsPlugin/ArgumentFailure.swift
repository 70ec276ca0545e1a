public import OpsCore

/// An error about one argument or a part of it: it is shown at its place in the recipe.
public struct ArgumentFailure: Error, Sendable, CustomStringConvertible {
    public var error: OpsError
    /// The parameter's name, then the keys and numbers (from 0) that lead to the part.
    public var path: [String]

    public init(_ error: OpsError, at path: [String]) {
        self.error = error
        self.path = path
    }

    public var description: String { error.description }
}
