import Glibc
import OpsCore

/// A datagram socket in the place of the system's log.
package final class LogSocket: Sendable {
    private let folder: TemporaryFolder
    private let descriptor: Int32
    package var path: String { folder.path + "/log" }

    package init() throws {
        folder = try TemporaryFolder()
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let text = folder.path + "/log"
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text.utf8) }
        let (socket, length) = (descriptor, socklen_t(MemoryLayout<sockaddr_un>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
        }
        guard status == 0 else { throw OpsError(.system, "bind \(text): errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// What came since the last call.
    package func lines() -> [String] {
        var lines: [String] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return lines }
            lines.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
