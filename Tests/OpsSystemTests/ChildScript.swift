import OpsCore
import OpsSystem
import Synchronization
import TestKit

/// What a child printed.
final class Streams: Sendable {
    private let bytes = Mutex<(output: [UInt8], error: [UInt8])>(([], []))

    func add(_ stream: ChildStream, _ chunk: UnsafeRawBufferPointer) {
        bytes.withLock { if stream == .output { $0.output += chunk } else { $0.error += chunk } }
    }

    var output: String { String(decoding: bytes.withLock { $0.output }, as: UTF8.self) }
    var error: String { String(decoding: bytes.withLock { $0.error }, as: UTF8.self) }
}

/// A script of bash as a child.
func bash(_ script: String) -> ChildSpec {
    ChildSpec(executable: "/bin/bash", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
}

/// True while a process lives and is no zombie.
func isRunning(_ pid: String) throws -> Bool {
    let state = try run(["ps", "-o", "stat=", "-p", pid]).text
    return !state.isEmpty && !state.hasPrefix("Z")
}

extension String {
    /// The first line.
    var trimmingNewline: String { String(split(separator: "\n").first ?? "") }
}
