import COpsSystem
import Glibc

/// Facts about the machine.
package enum Host {
    /// `linux` or `macos`.
    #if os(macOS)
        package static let system = "macos"
    #else
        package static let system = "linux"
    #endif

    /// As OCI names it: `amd64`, `arm64`.
    #if arch(x86_64)
        package static let architecture = "amd64"
    #elseif arch(arm64)
        package static let architecture = "arm64"
    #elseif arch(riscv64)
        package static let architecture = "riscv64"
    #else
        package static let architecture = "unknown"
    #endif

    /// The processors this process may use, at least 1.
    package static var processors: Int {
        max(1, Int(ops_processor_count()))
    }

    /// The machine's name, without a domain being looked up.
    package static var name: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return buffer.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { String(cString: $0) } ?? "localhost"
        }
    }
}
