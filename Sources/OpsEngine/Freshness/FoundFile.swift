import Glibc
import OpsCore
import OpsSystem

/// A file, folder or link that a task's `sources` or `produces` match now.
struct FoundFile: Sendable {
    /// As the pattern is written: relative to the task's folder, or absolute.
    var path: String
    var absolutePath: String
    var status: FileStatus

    /// Everything that the patterns match, in byte order, each path once.
    ///
    /// Throws: an `OpsError` (`notFound`) for a pattern that matches nothing, `invalid` for a bad one.
    static func all(
        _ patterns: [String], in directory: String, mayBeMissing: Bool = false
    ) throws(OpsError) -> [FoundFile] {
        var found: [FoundFile] = []
        for pattern in patterns {
            // The usual case needs no search.
            if !Glob.isPattern(pattern), let file = one(pattern, in: directory), file.status.kind == .file {
                found.append(file)
                continue
            }
            do {
                found += try FileTree.find(pattern, in: directory).map {
                    FoundFile(path: $0.path, absolutePath: $0.absolutePath, status: $0.status)
                }
            } catch {
                guard mayBeMissing, error.code == .notFound else { throw error }
            }
        }
        guard found.count > 1 else { return found }
        found.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var last: String?
        return found.filter { file in
            defer { last = file.path }
            return file.path != last
        }
    }

    /// What stands at a path; nil where nothing does.
    static func one(_ path: String, in directory: String) -> FoundFile? {
        let absolute = path.hasPrefix("/") ? path : directory + "/" + path
        return FileStatus.find(absolute, followsLinks: false).map {
            FoundFile(path: path, absolutePath: absolute, status: $0)
        }
    }
}

/// What a task makes is not among what it is made from, also where `sources` match it.
struct ProductFilter {
    private var globs: [Glob] = []
    private var plain: [String] = []
    private let directory: String

    init(_ patterns: [String], in directory: String) throws(OpsError) {
        self.directory = directory + "/"
        for pattern in patterns {
            let name = relative(pattern)
            if Glob.isPattern(name) {
                globs.append(try Glob(name))
            } else {
                plain.append(name.split(separator: "/").filter { $0 != "." }.joined(separator: "/"))
            }
        }
    }

    func matches(_ file: FoundFile) -> Bool {
        if globs.isEmpty, plain.isEmpty { return false }
        let path = relative(file.absolutePath)
        return plain.contains { path == $0 || path.hasPrefix($0 + "/") } || globs.contains { $0.matches(path) }
    }

    private func relative(_ path: String) -> String {
        path.hasPrefix(directory) ? String(path.dropFirst(directory.count)) : path
    }
}
