package import OpsCore

/// A diagnostic as a GitHub workflow command, which marks the line in a review.
package enum GitHubAnnotation {
    /// `::error file=…,line=…,col=…,title=…::message`, with its newline.
    package static func text(_ diagnostic: Diagnostic) -> String {
        let command = diagnostic.severity == .note ? "notice" : diagnostic.severity.rawValue
        var properties = ["title=\(LogDialect.property(diagnostic.code))"]
        if let range = diagnostic.range {
            properties.insert(
                "file=\(LogDialect.property(range.file)),line=\(range.start.line),col=\(range.start.column)", at: 0)
        }
        let message = diagnostic.message + (diagnostic.hint.map { ": \($0)" } ?? "")
        return "::\(command) \(properties.joined(separator: ","))::\(LogDialect.data(message))\n"
    }
}
