import Glibc
import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections
import Synchronization

extension PluginCall {
    private static let count = Atomic<Int>(0)

    /// A marker for a call that is no step's.
    static func newMarker() -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(getpid())-\(Clock.ticks())-\(number)"
    }
}

extension PluginRequest {
    /// The secrets of the inputs by the names that the request's line gives them.
    var secretsByName: [String: Secret] {
        var secrets = WireSecrets()
        for value in inputs.values { _ = WireValue.encode(value, secrets: &secrets) }
        return Dictionary(uniqueKeysWithValues: secrets.all.enumerated().map { ("s\($0.offset + 1)", $0.element) })
    }
}

extension Value {
    /// The value as a plan may send it: secrets by name only.
    var withoutBytes: Value {
        switch self {
        case .secret(let secret): .secret(Secret(planned: secret.names))
        case .list(let items): .list(items.map(\.withoutBytes))
        case .map(let members): .map(members.mapValues(\.withoutBytes))
        default: self
        }
    }
}

extension FoundPlugin {
    /// What changes when the plugin does: its version, and size and time of manifest and program.
    var revision: String {
        let files = [folder + "/" + PluginSearch.manifestName] + ((try? program()).map { [$0] } ?? [])
        return files.reduce(manifest.version) { text, file in
            guard let status = FileStatus.find(file) else { return text }
            return text + " \(status.size) \(status.modified).\(status.modifiedNanoseconds)"
        }
    }
}
