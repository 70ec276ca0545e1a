import OpsCore
import OpsSystem

/// Where a run's `files` stand: in memory where the machine has a place for that, else in `run.temp`. The guard removes
/// the place when the run is killed.
@EventLoopActor
final class PrivateFiles {
    private let run: String
    private let environment: [String: String]
    private let fallback: String
    private var made: String?

    init(run: String, environment: [String: String], fallback: String) {
        self.run = run
        self.environment = environment
        self.fallback = fallback
    }

    /// The folder, made when it is first asked for.
    func folder() -> String {
        if let made { return made }
        guard let folder = MemoryFolder.make(named: "ops-" + run, environment: environment) else { return fallback }
        Guard.willRemove(folder)
        made = folder
        return folder
    }

    /// The end of the run.
    func remove() {
        if let made { try? removeTree(made) }
        made = nil
    }
}

/// The `files` of one attempt of a step: gone with it.
@EventLoopActor
final class StepFiles {
    private let files: PrivateFiles
    private let token: Int
    /// What is between the run's place and the folder, for steps that see no others.
    private let part: String?
    private var folder: String?

    init(_ files: PrivateFiles, token: Int, part: String? = nil) {
        self.files = files
        self.token = token
        self.part = part
    }

    /// The folder that stays the same for all steps of one cage.
    var sharedFolder: String? { part.map { "\(files.folder())/\($0)" } }

    /// Writes a file that only its owner may read, and gives its path.
    ///
    /// Throws: an `OpsError` that names the path, or the secret that is not fetched.
    func write(_ content: Value, as name: String) throws -> String {
        let folder = folder ?? "\(sharedFolder ?? files.folder())/files-\(token)"
        try makeFolders(folder, mode: 0o700)
        self.folder = folder
        var bytes = Array((content.scalarText ?? "").utf8)
        if case .secret(let secret) = content {
            guard let revealed = secret.reveal() else { throw OpsError(.invalid, "\(secret) is not fetched") }
            bytes = revealed
        }
        let file = "\(folder)/\(name)"
        try writePrivateFile(bytes, to: file)
        return file
    }

    func remove() {
        // What is left goes with the run's own folder.
        if let folder { try? removeTree(folder) }
    }
}
