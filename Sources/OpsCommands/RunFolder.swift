import Glibc
import OpsCore
import OpsEngine
import OpsSystem

/// The folder of a run that this process has: its plan, journal and output, under the run's lock.
struct RunFolder {
    let id: String
    let path: String
    let lock: RunLock

    init(id: String, path: String, lock: RunLock) {
        self.id = id
        self.path = path
        self.lock = lock
    }

    /// A new run's, with its plan in it, on the disk before anything starts.
    ///
    /// Throws: an `OpsError` that says how to choose another place; nothing is left then.
    init(_ state: StateDirectory, _ document: PlanDocument, id: String) throws(OpsError) {
        self.id = id
        path = try state.makeRun(id)
        do throws(OpsError) {
            lock = try RunLock(id, runDirectory: path)
            try document.write(runDirectory: path)
        } catch {
            try? removeTree(path)
            throw error
        }
    }

    /// Makes `run.temp`, new: in a shared `/tmp` somebody else's of that name is not taken. What a killed part of the
    /// same run left there is removed.
    func makeTemporaryDirectory(_ environment: [String: String], isResumed: Bool) throws(OpsError) -> String {
        let base = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        let folder = "\(base)/ops-\(id)"
        guard base.hasPrefix("/") else {
            throw OpsError(.invalid, "TMPDIR is '\(base)', a relative path", hint: "it takes an absolute one")
        }
        if isResumed, let status = FileStatus.find(folder, followsLinks: false), status.kind == .folder,
            status.owner == geteuid()
        {
            try? removeTree(folder)
        }
        guard mkdir(folder, 0o700) == 0 else {
            var error = OpsError.system("make the folder", folder)
            error.hint = "set TMPDIR to a folder that may be written"
            throw error
        }
        return folder
    }
}
