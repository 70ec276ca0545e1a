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
        for folder in path.split(separator: ":", omittingEmptySubsequences: false) {
            let base = folder.isEmpty ? directory : folder.hasPrefix("/") ? String(folder) : directory + "/" + folder
            let file = base + "/" + name
            if isExecutable(file) { return file }
        }
        return nil
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
