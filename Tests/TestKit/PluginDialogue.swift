import Glibc
package import OpsCore

/// The program of a plugin, spoken to by raw lines of the protocol, without a host.
package final class PluginDialogue {
    private let pid: pid_t
    private var input: Int32
    private let output: Int32
    private let folder: TemporaryFolder
    private var rest: [UInt8] = []

    /// Starts the program.
    ///
    /// - Parameter directory: its working directory.
    package init(
        _ program: String, _ verb: String, in directory: String,
        environment: [String: String?] = ["OPS_PLUGIN_PROTOCOL": "1"]
    ) throws {
        folder = try TemporaryFolder()
        let errors = open(try folder.write("err", ""), O_WRONLY | O_APPEND | O_CLOEXEC)
        let (down, up) = (try Self.pipe(), try Self.pipe())
        defer { [down.reader, up.writer, errors].forEach { close($0) } }
        (input, output) = (down.writer, up.reader)
        pid = try spawn(
            [program, verb], in: directory, environment: environment, streams: [down.reader, up.writer, errors])
    }

    deinit {
        closeInput()
        close(output)
    }

    private static func pipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw OpsError(.system, "pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Writes a line; its end is added.
    package func send(_ line: String) throws { try send(bytes: Array((line + "\n").utf8)) }

    package func send(bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            // A program that does not read to the end is one of the cases that are tested.
            if count < 0, errno == EPIPE { return }
            guard count > 0 else { throw OpsError(.system, "write to the plugin: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    package func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    package func signal(_ number: Int32) { kill(pid, number) }

    /// Cancels the call `r1`, behind a line of a later version; or else ends its input, as when ops is gone.
    package func stop(byCancelling: Bool) throws {
        guard byCancelling else { return closeInput() }
        try send(#"{"ops":1,"type":"later"}"#)
        try send(#"{"ops":1,"type":"cancel","id":"r1","reason":"timeout","grace-ms":5000}"#)
    }

    /// The next line, without its end; nil where the output has ended. Waits 30 s at most.
    package func line() throws -> String? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeSubrange(...end) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            var wait = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&wait, 1, 30_000) > 0 else {
                kill(pid, SIGKILL)
                throw OpsError(.timeout, "the plugin said nothing for 30 s")
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(output, &buffer, buffer.count)
            if count <= 0 {
                defer { rest = [] }
                return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
            }
            rest += buffer[..<count]
        }
    }

    /// The next line's JSON.
    package func message() throws -> Value {
        guard let line = try line() else {
            throw OpsError(.unavailable, "the plugin's output has ended: \(try folder.text("err"))")
        }
        return try JSONReader.value(line)
    }

    /// The JSON of all lines up to the end of the output.
    package func messages() throws -> [Value] {
        var messages: [Value] = []
        while let line = try line() { messages.append(try JSONReader.value(line)) }
        return messages
    }

    /// Waits for its end; a shell's exit status, and what it wrote to standard error.
    package func end() throws -> (status: Int32, errorText: String) {
        while try line() != nil {}
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw OpsError(.system, "waitpid: errno \(errno)") }
        }
        let signal = status & 0x7F
        return (signal == 0 ? (status >> 8) & 0xFF : 128 + signal, try folder.text("err"))
    }
}
