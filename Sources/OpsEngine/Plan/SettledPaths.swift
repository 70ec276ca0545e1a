import OpsPlugin

/// What the steps planned so far may write. A path is settled when none of them can touch it.
struct SettledPaths: Sendable {
    /// What is written, and all the folders above it.
    private var written: Set<String> = []
    private var above: Set<String> = []
    /// Folders in which anything may be written.
    private var roots: Set<String> = []
    private let project: String

    /// `project` is the folder of the recipe that was asked for.
    init(project: String) { self.project = project }

    /// True while nothing may be written.
    var isEmpty: Bool { written.isEmpty && roots.isEmpty }

    func isSettled(_ path: String) -> Bool {
        if isEmpty { return true }
        if above.contains(path) { return false }
        var folder = path
        while true {
            if written.contains(folder) || roots.contains(folder) { return false }
            guard let parent = Self.parent(of: folder) else { return true }
            folder = parent
        }
    }

    /// - Parameters:
    ///   - produces: the files and folders, absolute, that are all that the step's task writes; nil where it does not say.
    ///   - own: the folder of the step's recipe: a `run` step may write anywhere in it, and in the project.
    mutating func add(_ step: PlannedStep, produces: [String]?, project own: String) {
        for effect in step.effects {
            switch effect.kind {
            case .execute:
                if let produces {
                    produces.forEach { write($0) }
                } else {
                    roots.insert(project)
                    roots.insert(own)
                    roots.insert(step.directory)
                }
            case .write: write(effect.target.hasPrefix("/") ? effect.target : step.directory + "/" + effect.target)
            case .read, .fetch, .request, .publish: break
            }
        }
    }

    private mutating func write(_ path: String) {
        guard written.insert(path).inserted else { return }
        var folder = path
        while let parent = Self.parent(of: folder), above.insert(parent).inserted { folder = parent }
    }

    private static func parent(of path: String) -> String? {
        guard path != "/", let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
