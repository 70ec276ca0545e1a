/// A place in a text file: line and column, both counted from 1; columns count Unicode code points.
public struct SourcePosition: Sendable, Hashable, Comparable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A stretch of a named text: from `start` up to, not including, `end`.
public struct SourceRange: Sendable, Hashable, CustomStringConvertible {
    /// The file as the user would name it, for messages.
    public var file: String
    public var start: SourcePosition
    public var end: SourcePosition

    public init(file: String, start: SourcePosition, end: SourcePosition) {
        self.file = file
        self.start = start
        self.end = end
    }

    /// `file:line:column`, as compilers write it.
    public var description: String { "\(file):\(start.line):\(start.column)" }

    /// The same stretch within one line: `count` code points from `offset` after the start.
    public func part(offset: Int, count: Int) -> SourceRange {
        let first = SourcePosition(line: start.line, column: start.column + offset)
        return SourceRange(
            file: file, start: first,
            end: SourcePosition(line: first.line, column: first.column + max(count, 1)))
    }
}
