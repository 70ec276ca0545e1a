import Logging
import OpsCore
import OrderedCollections

/// Sends what a plugin logs to the host.
struct MessageLogHandler: LogHandler {
    let sender: PluginSender
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(sender: PluginSender) { self.sender = sender }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let fields = ValueMap(uniqueKeysWithValues: all.map { ($0.key, Value.string("\($0.value)")) })
        // A message that is larger than a line may be has no other way.
        try? sender.send(.log(PluginLogLevel(event.level), "\(event.message)", fields: fields))
    }
}
