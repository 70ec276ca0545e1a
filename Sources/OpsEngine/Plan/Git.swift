package import OpsCore
import OpsSystem

/// The system's git, asked read-only: it takes no locks and starts no file system monitor.
package struct Git {
    let directory: String
    let environment: [String: String]

    package init(directory: String, environment: [String: String]) {
        self.directory = directory
        self.environment = environment
    }

    /// What git prints, without the last newline; null where it fails, prints nothing, or is not installed.
    package func line(_ arguments: [String]) async throws -> Value {
        guard let text = try await output(arguments) else { return .null }
        let line = text.last == "\n" ? String(text.dropLast()) : text
        return line.isEmpty ? .null : .string(line)
    }

    /// What git prints; nil where it fails or is not installed.
    package func output(_ arguments: [String]) async throws -> String? {
        let path = environment["PATH"] ?? ExecutablePath.defaultSearchPath
        guard let executable = ExecutablePath.find("git", path: path, in: directory) else { return nil }
        var variables = environment
        variables["GIT_OPTIONAL_LOCKS"] = "0"
        variables["LC_ALL"] = "C"
        let spec = ChildSpec(
            executable: executable, arguments: ["-c", "core.fsmonitor=false"] + arguments, environment: variables,
            directory: directory)
        let collected = Collected()
        let result = try await ChildProcess.run(spec) { stream, bytes in
            if stream == .output { collected.append(bytes) }
        }
        return result.status.isSuccess ? collected.text : nil
    }
}
