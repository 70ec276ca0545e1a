/// The absolute path without `.` and `..`, by its text alone.
package func plainPath(_ path: String) -> String {
    if isPlain(path) { return path }
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
        if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
}

/// True for a path that is as `plainPath` would make it, as most are: there is nothing to put together.
private func isPlain(_ path: String) -> Bool {
    guard path.utf8.first == UInt8(ascii: "/") else { return false }
    var length = 0
    var hasOnlyDots = true
    for byte in path.utf8.dropFirst() {
        if byte == UInt8(ascii: "/") {
            if hasOnlyDots { return false }
            length = 0
            hasOnlyDots = true
        } else {
            length += 1
            hasOnlyDots = hasOnlyDots && byte == UInt8(ascii: ".")
        }
    }
    return length > 0 && !hasOnlyDots
}

extension String {
    /// True for the folder itself and all that stands below it, by the text of both.
    package func isWithin(_ folder: String) -> Bool {
        folder == "/" || self == folder || hasPrefix(folder + "/")
    }
}

/// The path without links, of as much of it as there is.
package func resolvedPath(_ path: String) -> String {
    var existing = plainPath(path)
    var rest = ""
    while true {
        if let text = realPath(existing) {
            return text == "/" ? rest.isEmpty ? "/" : rest : text + rest
        }
        guard let slash = existing.lastIndex(of: "/"), existing != "/" else { return plainPath(path) }
        rest = existing[slash...] + rest
        existing = slash == existing.startIndex ? "/" : String(existing[..<slash])
    }
}
