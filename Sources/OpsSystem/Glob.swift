package import OpsCore

/// A pattern of the one glob language of recipes (ops-recipe(5), "Paths and globs").
///
/// Within a segment `*` is any text, `?` one character, `[a-z]` and `[!a-z]` one of a set, `{a,b}` either, `\`
/// takes the next character as it is; `**` as a whole segment is any number of folders. A name that starts with a
/// dot is matched only by a segment that starts with one; `.git` never by a wildcard. Bytes are compared, `?` and
/// `[]` take one code point.
package struct Glob: Sendable, CustomStringConvertible {
    /// As it was written.
    package let description: String
    let segments: [Segment]
    let isAbsolute: Bool

    enum Segment: Sendable {
        /// `**`.
        case anyFolders
        /// Exactly this name.
        case name(String)
        /// Any of these alternatives (braces are expanded).
        case alternatives([SegmentPattern])
    }

    /// True where text holds a glob's own characters.
    package static func isPattern(_ text: String) -> Bool {
        text.utf8.contains {
            $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "[")
                || $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "\\")
        }
    }

    /// The part of a pattern in front of its first segment with wildcards; a plain path is its own.
    package static func folder(of pattern: String) -> String {
        let parts = pattern.split(separator: "/", omittingEmptySubsequences: false)
        let plain = parts.prefix { !isPattern(String($0)) }
        if plain.count == parts.count { return pattern }
        let folder = plain.joined(separator: "/")
        return folder.isEmpty ? (pattern.hasPrefix("/") ? "/" : ".") : folder
    }

    /// The pattern that matches exactly this path.
    package static func literal(_ path: String) -> String {
        guard isPattern(path) else { return path }
        return String(path.flatMap { isPattern(String($0)) ? ["\\", $0] : [$0] })
    }

    /// Reads a pattern; `./` in front and doubled slashes are dropped.
    ///
    /// Throws: an `OpsError` (`invalid`) that says what is wrong with it.
    package init(_ pattern: String) throws(OpsError) {
        description = pattern
        isAbsolute = pattern.hasPrefix("/")
        var segments: [Segment] = []
        for part in pattern.split(separator: "/") where part != "." {
            if part == "**" {
                if case .anyFolders? = segments.last { continue }
                segments.append(.anyFolders)
                continue
            }
            if !Self.isPattern(String(part)) {
                segments.append(.name(String(part)))
                continue
            }
            do {
                let alternatives = try SegmentPattern.alternatives(String(part))
                if alternatives.count == 1, let literal = alternatives[0].literal {
                    segments.append(.name(literal))
                } else {
                    segments.append(.alternatives(alternatives))
                }
            } catch {
                throw OpsError(.invalid, "the glob '\(pattern)': \(error.message)", hint: error.hint)
            }
        }
        guard !segments.isEmpty else { throw OpsError(.invalid, "the glob '\(pattern)' is empty") }
        self.segments = segments
    }

    /// True where the whole of a path, written as the pattern is (relative or absolute), matches.
    package func matches(_ path: String) -> Bool {
        guard path.hasPrefix("/") == isAbsolute else { return false }
        let names = path.split(separator: "/").filter { $0 != "." }.map(String.init)
        var states = startStates
        for name in names {
            states = advance(states, over: name)
            if states.isEmpty { return false }
        }
        return isMatch(states)
    }

    // The pattern as a machine: a state is the index of the next segment to match.

    var startStates: [Int] { closure([0]) }

    /// The states after one more name of the path; empty where nothing below can match.
    func advance(_ states: [Int], over name: String) -> [Int] {
        var next: [Int] = []
        for state in states where state < segments.count {
            switch segments[state] {
            case .anyFolders:
                if name.hasPrefix(".") { continue }
                next.append(state)
                if state + 1 == segments.count { next.append(segments.count) }
            case .name(let wanted): if wanted == name { next.append(state + 1) }
            case .alternatives(let patterns):
                if patterns.contains(where: { $0.matches(name) }) { next.append(state + 1) }
            }
        }
        return closure(next)
    }

    /// True where the path so far is a match. `a/**` is what lies below `a`, not `a` itself.
    func isMatch(_ states: [Int]) -> Bool { states.contains(segments.count) }

    /// `**` may also be no folder at all, but at the end of a pattern it is at least one name.
    private func closure(_ states: [Int]) -> [Int] {
        var result: [Int] = []
        for var state in states {
            while true {
                if !result.contains(state) { result.append(state) }
                guard state < segments.count, case .anyFolders = segments[state], state + 1 < segments.count else {
                    break
                }
                state += 1
            }
        }
        return result
    }
}
