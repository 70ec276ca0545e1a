import Glibc

/// What the process was started with.
enum ProcessEnvironment {
    static var all: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                variables[String(text[..<equals])] = String(text[text.utf8.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }

    /// `$PWD` where it is true (it keeps the links the user came by), else what the system says.
    /// Nil where that folder is gone.
    static var workingDirectory: String? {
        guard let pointer = getcwd(nil, 0) else { return nil }
        defer { free(pointer) }
        let physical = String(cString: pointer)
        guard let logical = getenv("PWD").map({ String(cString: $0) }), logical.hasPrefix("/") else { return physical }
        var first = stat()
        var second = stat()
        guard stat(logical, &first) == 0, stat(physical, &second) == 0, first.st_dev == second.st_dev,
            first.st_ino == second.st_ino
        else { return physical }
        return logical
    }
}
