package import OpsCore
import OrderedCollections

/// An image's configuration (OCI image-spec, config.md; Docker's additions in its image-spec v1.2). What was
/// read is kept, with unknown members, order and the spelling of numbers; only what is asked for changes.
package struct ImageConfig: Sendable {
    package private(set) var root: ValueMap

    /// Reads a configuration. Throws: an `OpsError` (`invalid`).
    package init(bytes: [UInt8], name: String) throws(OpsError) {
        guard let map = try ManifestDocument.json(bytes, name).mapValue else {
            throw OpsError(.invalid, "\(name) is not an object")
        }
        root = map
        guard Platform(.map(root)) != nil else {
            throw OpsError(.invalid, "\(name) has no 'os' and 'architecture'")
        }
        let type = root["rootfs"]?["type"]?.stringValue
        guard type == "layers" else {
            throw OpsError(.invalid, "the type of 'rootfs' in \(name) is \(type ?? "missing"), not 'layers'")
        }
        _ = try diffIDs()
    }

    /// The configuration of an image without layers.
    package init(platform: Platform) {
        root = ["architecture": .string(platform.architecture), "os": .string(platform.os)]
        if let variant = platform.variant { root["variant"] = .string(variant) }
        root["config"] = .map([:])
        root["rootfs"] = .map(["type": .string("layers"), "diff_ids": .list([])])
        root["history"] = .list([])
    }

    package var platform: Platform {
        var map = ValueMap()
        for key in ["architecture", "os", "variant", "os.version", "os.features"] { map[key] = root[key] }
        return Platform(.map(map)) ?? .host
    }

    /// The digests of the layers' uncompressed archives, base first. Throws: an `OpsError` (`invalid`).
    package func diffIDs() throws(OpsError) -> [Digest] {
        var digests: [Digest] = []
        for item in root["rootfs"]?["diff_ids"]?.listValue ?? [] {
            guard let text = item.stringValue else {
                throw OpsError(.invalid, "a layer's digest in an image's configuration is not text")
            }
            digests.append(try Digest(text))
        }
        return digests
    }

    /// Sets when the image was made (RFC 3339).
    package mutating func setCreated(_ time: String) { root["created"] = .string(time) }

    /// Adds a layer, with its entry in the history.
    package mutating func addLayer(diffID: Digest, created: String, createdBy: String) {
        var rootfs = root["rootfs"]?.mapValue ?? ["type": .string("layers")]
        rootfs["diff_ids"] = .list((rootfs["diff_ids"]?.listValue ?? []) + [.string(diffID.description)])
        root["rootfs"] = .map(rootfs)
        addHistory(["created": .string(created), "created_by": .string(createdBy)])
    }

    /// Applies the settings, with an entry in the history that stands for no layer.
    package mutating func apply(_ settings: ImageSettings, created: String) {
        guard !settings.isEmpty else { return }
        root["config"] = .map(settings.applied(to: root["config"]?.mapValue ?? [:]))
        addHistory([
            "created": .string(created), "created_by": .string("ops container.build config"),
            "empty_layer": .boolean(true),
        ])
    }

    /// Its JSON text.
    package var bytes: [UInt8] { Array(JSONWriter.text(.map(root)).utf8) }

    private mutating func addHistory(_ entry: ValueMap) {
        let history = root["history"]?.listValue ?? []
        root["history"] = .list(history + [.map(entry)])
    }
}
