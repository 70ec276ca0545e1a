package import Glibc
import OpsCore

/// A fresh folder for one test, removed with everything in it when the last reference goes.
package final class TemporaryFolder: Sendable {
    /// Absolute, without a slash at the end.
    package let path: String

    package init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array((base + "/ops-test-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw OpsError(.system, "mkdtemp: errno \(errno)") }
        let bytes = template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        path = String(decoding: bytes, as: UTF8.self)
    }

    deinit { _ = try? run(["rm", "-rf", path]) }

    /// Writes a file, making its folders; returns its absolute path.
    @discardableResult
    package func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        try write(name, Array(text.utf8), mode: mode)
    }

    @discardableResult
    package func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws -> String {
        let file = path + "/" + name
        if let slash = file.lastIndex(of: "/") { try makeFolder(String(file[..<slash])) }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw OpsError(.system, "open \(file): errno \(errno)") }
        defer { close(descriptor) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw OpsError(.system, "write \(file): errno \(errno)") }
            offset += count
        }
        guard fchmod(descriptor, mode) == 0 else { throw OpsError(.system, "chmod \(file): errno \(errno)") }
        return file
    }

    package func read(_ name: String) throws -> [UInt8] { try readAll(path + "/" + name) }

    package func text(_ name: String) throws -> String { String(decoding: try read(name), as: UTF8.self) }

    package func exists(_ name: String) -> Bool { access(path + "/" + name, F_OK) == 0 }

    private func makeFolder(_ folder: String) throws {
        guard access(folder, F_OK) != 0 else { return }
        if let slash = folder.lastIndex(of: "/"), slash != folder.startIndex {
            try makeFolder(String(folder[..<slash]))
        }
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
            throw OpsError(.system, "mkdir \(folder): errno \(errno)")
        }
    }
}

/// The whole content of a file.
package func readAll(_ file: String) throws -> [UInt8] {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw OpsError(.system, "open \(file): errno \(errno)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count >= 0 else { throw OpsError(.system, "read \(file): errno \(errno)") }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
    }
}
