package import Glibc
import OpsCore

/// What a program did that a test ran.
package struct CommandResult: Sendable, CustomStringConvertible {
    /// The exit status; 128 and the signal's number where it died by one.
    package var status: Int32
    package var output: [UInt8]
    package var errorOutput: [UInt8]

    package var text: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: errorOutput, as: UTF8.self) }

    /// For messages of tests.
    package var description: String { "status \(status)\n\(text)\n\(errorText)" }
}

/// Runs a program to its end, with its two streams kept in files (so that any amount fits), and standard
/// input empty unless `input` is given.
///
/// `environment` replaces variables of the test's own; nil values take them away.
@discardableResult
package func run(
    _ command: [String], in directory: String? = nil, environment: [String: String?] = [:], input: [UInt8] = []
) throws -> CommandResult {
    let files = try (0..<3).map { _ in try anonymousFile() }
    defer { files.forEach { close($0) } }
    if !input.isEmpty {
        guard Glibc.write(files[0], input, input.count) == input.count else {
            throw OpsError(.system, "writing a test's input: errno \(errno)")
        }
        lseek(files[0], 0, SEEK_SET)
    }
    let pid = try spawn(command, in: directory, environment: environment, streams: files)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
        guard errno == EINTR else { throw OpsError(.system, "waitpid: errno \(errno)") }
    }
    let signal = status & 0x7F
    return CommandResult(
        status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output: try content(of: files[1]),
        errorOutput: try content(of: files[2]))
}

/// Starts a program that goes on; the caller ends it with `kill` and `waitpid`.
package func spawn(
    _ command: [String], in directory: String? = nil, environment: [String: String?] = [:], streams: [Int32]
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (index, stream) in streams.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, stream, Int32(index))
    }
    // A test runs on a thread that blocks signals, which a child would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    // Glibc's module lacks addchdir_np, and chdir would move every other test as well.
    let command = directory.map { ["env", "-C", $0] + command } ?? command
    var variables: [String: String] = [:]
    var entry = environ
    while let pointer = entry.pointee {
        let text = String(cString: pointer)
        if let equals = text.firstIndex(of: "=") {
            variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        entry += 1
    }
    for (name, value) in environment { variables[name] = value }
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var environmentBlock: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (arguments + environmentBlock).forEach { free($0) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, &environmentBlock)
    guard code == 0 else { throw OpsError(.system, "starting \(command[0]): errno \(code)") }
    return pid
}

private func anonymousFile() throws -> Int32 {
    var template = Array("/tmp/ops-stream-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw OpsError(.system, "mkostemp: errno \(errno)") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
    return descriptor
}

private func content(of descriptor: Int32) throws -> [UInt8] {
    lseek(descriptor, 0, SEEK_SET)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw OpsError(.system, "reading a test's output: errno \(errno)") }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}
