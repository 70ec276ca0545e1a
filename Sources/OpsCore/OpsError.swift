/// The one error type: a stable code, what went wrong, what to do, where, and why.
public struct OpsError: Error, Sendable, CustomStringConvertible {
    /// A stable name of the kind of failure. A struct, so that kinds can be added without breaking callers.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        public init(_ name: String) { description = name }

        /// The recipe, an input or a reference is wrong: nothing ran (exit status 2).
        public static let invalid = Code("invalid")
        /// Something named does not exist.
        public static let notFound = Code("not-found")
        /// Access was refused.
        public static let forbidden = Code("forbidden")
        /// A service or file could not be reached or read.
        public static let unavailable = Code("unavailable")
        /// A time limit passed.
        public static let timeout = Code("timeout")
        /// The work was cancelled.
        public static let cancelled = Code("cancelled")
        /// What was found is not what was promised: a digest, a status, a size.
        public static let mismatch = Code("mismatch")
        /// A command ended with a failure status.
        public static let command = Code("command")
        /// A system call failed.
        public static let system = Code("system")
        /// This version cannot do it.
        public static let unsupported = Code("unsupported")
        /// The command line is used wrongly (exit status 64).
        public static let usage = Code("usage")
        /// Somebody else holds what this needs (exit status 75).
        public static let busy = Code("busy")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    public var location: SourceRange?
    public var cause: (any Error)?

    public init(
        _ code: Code, _ message: String, hint: String? = nil, at location: SourceRange? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.location = location
        self.cause = cause
    }

    /// The message, its causes and the hint, on one line.
    public var description: String {
        var text = message
        if let cause { text += ": \(OpsError.text(of: cause))" }
        if let hint { text += " (\(hint))" }
        return text
    }

    /// What to print of any error.
    public static func text(of error: any Error) -> String {
        switch error {
        case let error as OpsError: return error.description
        case let error as DiagnosticsError:
            return error.diagnostics.map(\.message).joined(separator: "; ")
        case is CancellationError: return "cancelled"
        default: return String(describing: error)
        }
    }
}
