import OpsCore
import OpsRecipe
import OpsSystem

/// What a run keeps for the steps of each set of permissions: a private folder, which no other set sees.
@EventLoopActor
final class Cages {
    private let temporaryDirectory: String
    private let environment: [String: String]
    private var known: [[Grants]: Cage] = [:]
    /// Is told once of each set what is not enforced.
    var notice: @EventLoopActor (String) -> Void = { _ in }

    init(temporaryDirectory: String, environment: [String: String]) {
        self.temporaryDirectory = temporaryDirectory
        self.environment = environment
    }

    /// Throws: an `OpsError` where the folder cannot be made.
    func cage(for layers: [Grants]) throws(OpsError) -> Cage? {
        guard !layers.isEmpty else { return nil }
        if let cage = known[layers] { return cage }
        let name = "caged-\(known.count + 1)"
        let folder = "\(temporaryDirectory)/\(name)"
        try makeFolders(folder, mode: 0o700)
        let cage = Cage(
            name: name, folder: folder,
            layers: layers.map { $0.inHome(of: environment) },
            sandboxes: layers.map { $0.sandbox(own: [folder], environment: environment) })
        known[layers] = cage
        if SandboxSupport.landlock == 0, let text = SandboxSupport.shortfalls(of: cage.sandboxes).first {
            notice("permissions are \(text)")
        }
        return cage
    }
}

/// One set of permissions while a run goes on.
struct Cage: Sendable {
    var name: String
    /// `OPS_TEMP` and `TMPDIR` of its steps.
    var folder: String
    var layers: [Grants]
    var sandboxes: [Sandbox]

    /// For a step that is given private files below a folder.
    func sandboxes(withFiles folder: String?) -> [Sandbox] {
        guard let folder else { return sandboxes }
        return sandboxes.map { sandbox in
            var sandbox = sandbox
            sandbox.ownFiles.append(folder)
            return sandbox
        }
    }
}
