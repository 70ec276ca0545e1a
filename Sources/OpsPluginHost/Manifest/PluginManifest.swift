package import OpsCore
package import OpsPlugin

/// What a plugin says of itself in `plugin.yaml`: all that is known of it without starting it (ops-plugin(7),
/// "Manifest").
package struct PluginManifest: Sendable {
    /// Whether an action can say what it would do.
    package enum Planning: String, Sendable, CaseIterable {
        /// Its effects are complete.
        case full
        /// There may be more effects than it says.
        case partial
        /// It is not asked.
        case none
    }

    /// How a call is ended early.
    package enum Cancellation: String, Sendable, CaseIterable {
        /// By a line, and a signal only after the grace.
        case graceful
        /// By a signal at once.
        case kill
    }

    package struct Output: Sendable {
        package var declaration: OutputDeclaration
        package var limits: ValueLimits
    }

    package struct Example: Sendable {
        package var title: String
        package var arguments: Value
        /// The files it needs: path and text.
        package var files: [(path: String, text: String)]
    }

    package struct Action: Sendable {
        package var declaration: ActionDeclaration
        package var outputs: [Output]
        package var planning: Planning
        package var cancellation: Cancellation
        package var examples: [Example]

        /// Without the plugin's name.
        package var name: String {
            let name = declaration.name
            return name.firstIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name
        }
    }

    package var name: String
    package var version: String
    package var summary: String
    /// The majors of the protocol that it speaks.
    package var protocols: [Int]
    /// The program's path in the plugin's folder: for every platform under the empty name, else by platform.
    package var programs: [(platform: String, path: String)]
    package var actions: [Action]
    /// The schemes of secret references that it answers.
    package var schemes: [String]
    package var permissions: PluginPermissions
    /// The whole manifest as it stands.
    package var json: Value

    /// Platforms by the names that manifests use.
    package static let platforms = ["linux-amd64", "linux-arm64", "macos-arm64", "macos-amd64"]

    /// Of this machine.
    package static var hostPlatform: String {
        #if os(macOS)
            let system = "macos"
        #else
            let system = "linux"
        #endif
        #if arch(arm64)
            return system + "-arm64"
        #else
            return system + "-amd64"
        #endif
    }

    /// The program for this machine, relative to the plugin's folder; nil where there is none.
    package var program: String? {
        programs.first { $0.platform.isEmpty || $0.platform == Self.hostPlatform }?.path
    }
}

/// What a plugin says that it touches, and is held to. What a list does not name is not given.
package struct PluginPermissions: Sendable, Hashable {
    /// The key `permissions`; nil where there is none: then the program is not limited.
    package var range: SourceRange?
    /// Files and folders, absolute, in the home (`~`), or relative to the step's folder.
    package var read: [String] = []
    package var write: [String] = []
    /// Each a `NetworkGrant`; empty is none.
    package var net: [String] = []
    /// Files, folders, or names that PATH leads to.
    package var exec: [String] = []
    package var secrets: [String] = []
    /// The variables of the step's environment that it is given.
    package var env: [String] = []

    package init() {}

    /// What the program is held to, in one line: `read ., write nothing`.
    var summary: String {
        func text(_ items: [String], _ none: String = "nothing") -> String {
            items.isEmpty ? none : items.joined(separator: ", ")
        }
        return "read \(text(read)); write \(text(write)); net \(text(net, "none")); exec \(text(exec))"
    }
}
