import OpsCore
import OpsSystem

/// The state of everything in a folder, by which any change to it shows.
struct FolderSnapshot: Sendable {
    private let states: [String: FileStatus]

    /// Links are not followed. Throws: an `OpsError` with a path that cannot be read.
    init(_ folder: String) throws {
        var states: [String: FileStatus] = [:]
        try Self.walk(folder, "") { states[$0] = $1 }
        self.states = states
    }

    /// `+ new.txt`, `- gone.txt`, `~ other.txt`, sorted by path.
    func changes(since before: FolderSnapshot) -> [String] {
        Set(states.keys).union(before.states.keys).sorted().compactMap { path -> String? in
            switch (before.states[path], states[path]) {
            case (nil, _?): return "+ \(path)"
            case (_?, nil): return "- \(path)"
            // A folder changes with what is in it, which is told by itself, or came and went.
            case (let old?, let new?): return old == new ? nil : "~ \(path.isEmpty ? "." : path)"
            case (nil, nil): return nil
            }
        }
    }

    /// The files whose content holds the bytes; those over 16 MiB are not searched.
    static func files(in folder: String, holding bytes: [UInt8]) throws -> [String] {
        var found: [String] = []
        try walk(folder, "") { path, status in
            guard status.kind == .file, status.size < 16 << 20 else { return }
            let content = try readFile(folder + "/" + path)
            if content.contains(bytes) { found.append(path) }
        }
        return found.sorted()
    }

    private static func walk(_ folder: String, _ path: String, _ visit: (String, FileStatus) throws -> Void) throws {
        let absolute = path.isEmpty ? folder : folder + "/" + path
        let status = try FileStatus(absolute, followsLinks: false)
        try visit(path, status)
        guard status.kind == .folder else { return }
        for name in try listFolder(absolute) { try walk(folder, path.isEmpty ? name : path + "/" + name, visit) }
    }
}
