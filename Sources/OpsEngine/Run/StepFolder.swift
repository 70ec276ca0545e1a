import OpsCore
import OpsSystem

/// A step's private folder: made when it is first asked for, removed when the step ends.
final class StepFolder: Sendable {
    private let path: String
    private let isMade = Flag()

    init(_ path: String) { self.path = path }

    /// Throws: an `OpsError` that names the path.
    func make() throws -> String {
        if !isMade.isSet {
            try makeFolders(path, mode: 0o700)
            isMade.set()
        }
        return path
    }

    func remove() {
        guard isMade.isSet else { return }
        // What is left goes with the run's own folder.
        try? removeFolder(path)
    }
}
