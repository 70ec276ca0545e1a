import Logging
import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// What one start of a plugin's program is to do, and how it is bounded.
struct PluginCall: Sendable {
    var plugin: FoundPlugin
    var request: PluginRequest
    /// The environment that the program's is made from.
    var environment: [String: String]
    /// How long it has between the wish that it ends and SIGTERM.
    var grace: Duration
    var cancellation = PluginManifest.Cancellation.graceful
    /// What the step's permissions hold the program and all that it starts to.
    var sandboxes: [Sandbox] = []
    /// The same for people.
    var sandboxText: String?
    /// The longest that it may take; nil where somebody else ends it.
    var limit: Duration?
    /// Text that distinguishes this process from every other of the machine.
    var marker: String
    /// True for the kit: what the rules of the protocol forbid can be done, so that it shows.
    var isObserved = false
    /// False where its output may hold secrets that nobody knows yet: then no error quotes it.
    var mayQuote = true

    /// The variables that every plugin is given where they are set.
    private static let variables = ["PATH", "HOME", "TMPDIR", "LANG", "TZ"]
    /// Holds the marker, by which processes that leave the program's group are found.
    static let markerVariable = "OPS_PLUGIN_CALL"

    /// The program's whole environment: nothing of the caller's but what the manifest names.
    var programEnvironment: [String: String] {
        var result: [String: String] = [:]
        for name in Self.variables + plugin.manifest.permissions.env { result[name] = environment[name] }
        for (name, value) in environment where name.hasPrefix("LC_") { result[name] = value }
        result[PluginProtocol.variable] = String(PluginProtocol.major)
        result[Self.markerVariable] = marker
        // Another is out of its reach.
        if plugin.manifest.permissions.range != nil, let folder = request.temporary { result["TMPDIR"] = folder }
        return result
    }
}

/// Who hears what a program says before its result. Called on the event loop.
struct PluginListener: Sendable {
    var log: @Sendable (PluginLogLevel, String) -> Void = { _, _ in }
    var output: @Sendable (OutputStream, [UInt8]) -> Void = { _, _ in }
    var progress: @Sendable (Progress) -> Void = { _ in }
    var secret: @Sendable (_ name: String, _ bytes: [UInt8]) -> Void = { _, _ in }
    /// Masks what is known to be secret.
    var redact: @Sendable (String) -> String = { $0 }
    /// Why the call is cancelled.
    var cancellationReason: @Sendable () -> CancellationReason = { .interrupt }
    /// Of an output that is declared secret, as soon as it is sent.
    var isSecretOutput: @Sendable (_ name: String) -> Bool = { _ in false }
}

/// How a call ended.
struct PluginAnswer: Sendable {
    var result: PluginResult
    var outputs: ValueMap
}
