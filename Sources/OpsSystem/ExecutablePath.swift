import Glibc

/// Where a program is.
package enum ExecutablePath {
    /// The search path where the environment names none.
    package static let defaultSearchPath = "/usr/local/bin:/usr/bin:/bin"

    /// The file that a command's name means: with a slash, relative to `directory`; else the first executable file
    /// of that name in the folders of `path` (colon-separated; an empty one is `directory`). Asks the file system
    /// only (access(2)).
    ///
    /// Gives an absolute path where `directory` is absolute; nil where there is none.
    package static func find(_ name: String, path: String, in directory: String) -> String? {
        if name.isEmpty { return nil }
        if name.utf8.contains(UInt8(ascii: "/")) {
            let file = name.hasPrefix("/") ? name : directory + "/" + name
            return isExecutable(file) ? file : nil
        }
        // Asked of every step: one buffer, and a text only of what is found.
        var file: [UInt8] = []
        file.reserveCapacity(256)
        var path = path
        return path.withUTF8 { path in
            for folder in path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
                file.removeAll(keepingCapacity: true)
                if folder.first != UInt8(ascii: "/") {
                    file += directory.utf8
                    if !folder.isEmpty { file.append(UInt8(ascii: "/")) }
                }
                file += folder
                file.append(UInt8(ascii: "/"))
                file += name.utf8
                file.append(0)
                let isThere = file.withUnsafeBytes { bytes in
                    bytes.baseAddress.map { access($0.assumingMemoryBound(to: CChar.self), X_OK) == 0 } ?? false
                }
                guard isThere else { continue }
                let text = String(decoding: file.dropLast(), as: UTF8.self)
                if FileStatus.find(text)?.kind == .file { return text }
            }
            return nil
        }
    }

    /// The file that this process runs, absolute; nil where there is no /proc.
    package static var ofProcess: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isExecutable(_ file: String) -> Bool {
        access(file, X_OK) == 0 && FileStatus.find(file)?.kind == .file
    }
}
