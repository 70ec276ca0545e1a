package import OpsCore
import OrderedCollections

/// An operating system and processor, in Go's names (OCI image-spec, image-index.md).
package struct Platform: Sendable, Hashable, CustomStringConvertible {
    package var os: String
    package var architecture: String
    /// Such as `v8`; normalized: arm64's `v8` and amd64's `v1` are nil, arm without one is `v7`.
    package var variant: String?
    /// All the members that it was read with.
    private let source: ValueMap?

    package init(os: String, architecture: String, variant: String? = nil) {
        self.init(os: os, architecture: architecture, variant: variant, source: nil)
    }

    private init(os: String, architecture: String, variant: String?, source: ValueMap?) {
        self.os = os
        self.architecture = architecture
        switch (architecture, variant) {
        case ("arm64", "v8"), ("arm64", "8"), ("amd64", "v1"), (_, ""): self.variant = nil
        case ("arm", nil): self.variant = "v7"
        default: self.variant = variant
        }
        self.source = source
    }

    /// Reads `os/architecture[/variant]`, such as `linux/arm64`. `x86_64` and `aarch64` are understood.
    ///
    /// Throws: an `OpsError` (`invalid`).
    package init(_ text: String) throws(OpsError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count),
            parts.allSatisfy({ part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
                    }
            })
        else {
            throw OpsError(
                .invalid, "'\(text)' is not a platform", hint: "write os/architecture, such as linux/amd64")
        }
        let aliases = ["x86_64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm"]
        self.init(
            os: parts[0], architecture: aliases[parts[1]] ?? parts[1], variant: parts.count == 3 ? parts[2] : nil)
    }

    /// Reads a descriptor's or configuration's members; nil where `os` or `architecture` is missing.
    package init?(_ value: Value) {
        guard let os = value["os"]?.stringValue, let architecture = value["architecture"]?.stringValue else {
            return nil
        }
        self.init(
            os: os, architecture: architecture, variant: value["variant"]?.stringValue, source: value.mapValue)
    }

    /// Linux on this machine's processor: what containers run on here.
    package static var host: Platform {
        #if arch(arm64)
            Platform(os: "linux", architecture: "arm64")
        #else
            Platform(os: "linux", architecture: "amd64")
        #endif
    }

    /// As a descriptor holds it; what was read is given back as it was.
    package var value: Value {
        if let source { return .map(source) }
        var map: ValueMap = ["architecture": .string(architecture), "os": .string(os)]
        if let variant { map["variant"] = .string(variant) }
        return .map(map)
    }

    package var description: String { ([os, architecture] + [variant].compactMap(\.self)).joined(separator: "/") }

    /// True where an image for this platform serves one who wants `wanted`.
    package func serves(_ wanted: Platform) -> Bool {
        os == wanted.os && architecture == wanted.architecture && variant == wanted.variant
    }

    /// False for the `unknown/unknown` entries by which BuildKit attaches attestations.
    package var isRunnable: Bool { os != "unknown" && architecture != "unknown" }

    package static func == (left: Platform, right: Platform) -> Bool {
        left.os == right.os && left.architecture == right.architecture && left.variant == right.variant
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(os)
        hasher.combine(architecture)
        hasher.combine(variant)
    }
}
