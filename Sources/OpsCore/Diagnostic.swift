/// One remark about the user's text: what is wrong, where, and what to do.
public struct Diagnostic: Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable { case error, warning, note }

    public var severity: Severity
    /// A stable name for tools, such as `unknown-key`.
    public var code: String
    /// What is wrong, in one sentence without a full stop.
    public var message: String
    /// What to do about it; printed behind the caret.
    public var hint: String?
    public var range: SourceRange?
    /// True where the text itself may be a secret: its lines are shown with no diagnostic.
    public var hidesSource = false

    public init(
        _ severity: Severity = .error, code: String, _ message: String, hint: String? = nil,
        at range: SourceRange? = nil
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.hint = hint
        self.range = range
    }

    /// In reading order: by file, then place; those without a place come first.
    public static func inReadingOrder(_ left: Diagnostic, _ right: Diagnostic) -> Bool {
        guard let first = left.range else { return right.range != nil }
        guard let second = right.range else { return false }
        return (first.file, first.start, left.message) < (second.file, second.start, right.message)
    }
}

/// All that was found wrong with the user's text, thrown at once.
public struct DiagnosticsError: Error, Sendable {
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}
