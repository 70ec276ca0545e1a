import OpsPlugin

/// What the steps planned so far may write. A path is settled when none of them can touch it.
struct SettledPaths: Sendable {
    private var written: [String] = []
    private var roots: [String] = []
    private let project: String

    /// `project` is the folder of the recipe that was asked for.
    init(project: String) { self.project = project }

    func isSettled(_ path: String) -> Bool {
        !roots.contains { Self.isInside(path, $0) }
            && !written.contains { Self.isInside(path, $0) || Self.isInside($0, path) }
    }

    /// `own` is the folder of the step's recipe: a `run` step may write anywhere in it, and in the project.
    mutating func add(_ step: PlannedStep, project own: String) {
        for effect in step.effects {
            switch effect.kind {
            case .execute: roots = Array(Set(roots + [project, own, step.directory]))
            case .write: written.append(Self.absolute(effect.target, in: step.directory))
            case .read, .fetch, .request, .publish: break
            }
        }
    }

    private static func absolute(_ path: String, in directory: String) -> String {
        path.hasPrefix("/") ? path : directory + "/" + path
    }

    private static func isInside(_ path: String, _ folder: String) -> Bool {
        path == folder || path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
    }
}
