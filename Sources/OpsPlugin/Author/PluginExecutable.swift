import Glibc
public import OpsCore
import OpsSystem

/// A program that is a plugin of ops and speaks protocol 1 (ops-plugin(7), "Protocol").
///
///     @main enum Greet: PluginExecutable {
///         static let plugin = Plugin(name: "greet", summary: "Greets", actions: [Hello()])
///         static let version = "1.0.0"
///     }
///
/// Its manifest is made from the declarations: `bin/greet manifest > plugin.yaml`.
public protocol PluginExecutable {
    static var plugin: Plugin { get }
    /// The plugin's own version, as its manifest says it.
    static var version: String { get }
    /// What it touches, for the manifest: `["read": …, "net": …]`; empty where it says nothing.
    static var permissions: [String: Value] { get }
}

extension PluginExecutable {
    public static var permissions: [String: Value] { [:] }

    /// Answers the one call that the program was started for, and exits.
    ///
    /// The protocol moves to descriptors of its own first: what `print` writes goes to standard error, and a program that
    /// an action starts reads an empty input. Actions run on the shared thread pool; one that blocks a thread of it is
    /// ended by ops all the same.
    public static func main() {
        let manifest = ManifestDeclaration(plugin: plugin, version: version, permissions: permissions)
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments == ["manifest"] {
            let text = Array(ManifestText.yaml(manifest.json).utf8)
            exit((try? writeAll(text, to: 1, path: "standard output")) == nil ? 1 : 0)
        }
        guard getenv(PluginProtocol.variable) != nil else {
            tell("\(plugin.name) is a plugin of ops: see 'ops plugin test'")
            exit(2)
        }
        // A host that goes away is an error of the write.
        signal(SIGPIPE, SIG_IGN)
        do throws(OpsError) {
            let pipes = try PluginPipes()
            exit(EventLoop.shared.runOnMainThread { await PluginProgram(manifest: manifest, pipes: pipes).answer() })
        } catch {
            tell("\(plugin.name): \(error.message)")
            exit(1)
        }
    }

    private static func tell(_ text: String) {
        try? writeAll(Array((text + "\n").utf8), to: 2, path: "standard error")
    }
}
