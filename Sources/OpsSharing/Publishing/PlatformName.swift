package import OpsCore
package import OpsRegistry

/// Platforms as plugins name them (ops-plugin(7)): `linux-amd64`, `linux-arm64`, `macos-amd64`, `macos-arm64`.
/// Registries know macOS as `darwin`.
package enum PlatformName {
    package static let all = ["linux-amd64", "linux-arm64", "macos-amd64", "macos-arm64"]

    /// This machine's.
    package static var host: Platform {
        #if os(macOS)
            Platform(os: "darwin", architecture: Platform.host.architecture)
        #else
            Platform.host
        #endif
    }

    /// Throws: an `OpsError` (`usage`) that lists the names.
    package static func platform(_ name: String) throws(OpsError) -> Platform {
        guard all.contains(name) else {
            let near = nearestName(to: name, among: all)
            throw OpsError(
                .usage, "there is no platform '\(name)'",
                hint: near.map { "did you mean '\($0)'?" } ?? "there are \(all.joined(separator: ", "))")
        }
        let parts = name.split(separator: "-").map(String.init)
        return Platform(os: parts[0] == "macos" ? "darwin" : parts[0], architecture: parts[1])
    }

    /// `linux-amd64`. Another variant than the usual one is behind it: `linux-arm-v7`.
    package static func text(_ platform: Platform) -> String {
        let variant = platform.variant.map { "-\($0)" } ?? ""
        return "\(platform.os == "darwin" ? "macos" : platform.os)-\(platform.architecture)\(variant)"
    }
}
