import OpsPlugin
import Synchronization

/// What a program said, kept until all that must be masked in it is known.
final class HeldMessages: Sendable {
    private let messages = Mutex<[(level: PluginLogLevel, text: String)]>([])

    func add(_ level: PluginLogLevel, _ text: String) { messages.withLock { $0.append((level, text)) } }

    var all: [(level: PluginLogLevel, text: String)] { messages.withLock { $0 } }
}
