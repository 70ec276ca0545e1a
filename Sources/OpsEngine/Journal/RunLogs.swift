import Glibc
import OpsCore
import OpsSystem

/// The files that keep what a run's steps printed: one a task, made when the first byte comes.
package final class RunLogs {
    private let directory: String
    private var files: [TaskID: LogFile] = [:]
    /// That of the recipe's own steps.
    private var recipeFile: LogFile?

    /// `directory` is the run's; the files stand in its `output` folder.
    package init(runDirectory: String) { directory = runDirectory + "/output" }

    func file(for task: TaskID?) -> LogFile {
        guard let task else {
            let file = recipeFile ?? LogFile(task: nil, directory: directory)
            recipeFile = file
            return file
        }
        if let file = files[task] { return file }
        let file = LogFile(task: task, directory: directory)
        files[task] = file
        return file
    }

    /// Where the output of a task stands: its name with all but letters, digits and `-_=,.` in percent form.
    package static func path(of task: TaskID?, runDirectory: String) -> String {
        path(of: task, in: runDirectory + "/output")
    }

    fileprivate static func path(of task: TaskID?, in directory: String) -> String {
        // No task's name can hold a percent sign.
        guard let task else { return directory + "/%recipe.log" }
        return "\(directory)/\(FileName.escaped(task.description)).log"
    }
}

/// One file that grows.
final class LogFile {
    private let task: TaskID?
    private let directory: String
    /// Empty until it is opened: most steps print nothing.
    private var path = ""
    private var descriptor: Int32 = -1

    init(task: TaskID?, directory: String) {
        self.task = task
        self.directory = directory
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Throws: an `OpsError` (`system`) that names the path: a full disk, a read-only folder.
    func append(_ bytes: [UInt8]) throws {
        if descriptor < 0 {
            path = RunLogs.path(of: task, in: directory)
            try makeFolders(directory, mode: 0o700)
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw OpsError.system("open", path) }
        }
        try writeAll(bytes, to: descriptor, path: path)
    }
}
