package import OpsCore
package import OpsPlugin
import OpsSystem
package import OrderedCollections

/// A recipe file, decoded and checked (ops-recipe(5)).
package struct Recipe: Sendable {
    /// The file as the user named it, and the folder it runs in (absolute).
    package var file: String
    package var directory: String
    /// Where the files lie that came with it: `directory`, but for one of others, which runs in its includer's folder.
    package var folder: String
    /// The folder that holds all that came with a recipe of others; nil for a file of this machine.
    package var tree: String?
    /// The reference that it was included by, where it is one of others: `oci://host/repository:tag`.
    package var origin: String?
    package var name: String?
    package var description: String?
    package var inputs: OrderedDictionary<String, InputDeclaration> = [:]
    package var secrets: OrderedDictionary<String, SecretDeclaration> = [:]
    /// The only servers that its secrets may be asked of; nil where it does not limit them.
    package var secretHosts: SecretHosts?
    package var vars: OrderedDictionary<String, Template> = [:]
    /// The places of the names in `vars`.
    package var varRanges: [String: SourceRange] = [:]
    package var include: OrderedDictionary<String, IncludeDeclaration> = [:]
    /// The recipes behind `include`, by the same names. One that could not be loaded is missing.
    package var included: OrderedDictionary<String, Recipe> = [:]
    /// Plugins of its own, by name.
    package var plugins: OrderedDictionary<String, PluginReference> = [:]
    /// What tells whether two names lead to one file: its path without links, and where it runs where that is another
    /// folder; set where includes are followed.
    package var identity = ""
    package var env: OrderedDictionary<String, Template> = [:]
    package var dotenv: [Template] = []
    package var defaults = Defaults()
    package var tasks: OrderedDictionary<String, Task> = [:]
    package var onFailure: [Step] = []
    package var finally: [Step] = []
    /// The whole run's limit.
    package var timeout: Duration?
    /// What an unattended run does while another run of the recipe goes on.
    package var overlap: Overlap?
    /// A URL that is told of start and end.
    package var heartbeat: Template?
    package var schedules: [Schedule] = []
    /// All that its steps may touch; nil where it does not say.
    package var permissions: Permissions?

    package init(file: String, directory: String) {
        self.file = file
        self.directory = directory
        folder = directory
    }
}

/// What a run does while another run of the same recipe goes on.
package enum Overlap: String, Sendable, CaseIterable { case skip, wait, fail, replace }

extension Recipe {
    /// How messages name a file that the recipe names relative to its folder: from where the user stands, and in a tree
    /// of others by its reference.
    package func name(ofFile path: String) -> String {
        if tree != nil { return TreeNames.name(of: plainPath(path.hasPrefix("/") ? path : folder + "/" + path)) }
        if path.hasPrefix("/") { return path }
        var parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != "..", !last.isEmpty {
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}

package struct Defaults: Sendable {
    package var shell: Shell?
    package var timeout: Duration?

    package init() {}
}

/// The interpreter of a script's text.
package struct Shell: Sendable, Hashable {
    /// `bash`, `sh`, `python3`, or a command to which the script's file is appended.
    package var command: [String]
    package var range: SourceRange?

    package init(command: [String], range: SourceRange?) {
        self.command = command
        self.range = range
    }
}

package struct InputDeclaration: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case string, boolean, integer, number, path, list
    }

    package var kind: Kind
    package var description: String?
    /// The value when none is given; `.null` makes the input optional; nil requires it.
    package var defaultValue: Value?
    package var options: [Value]
    /// A regular expression that matches the whole text.
    package var pattern: String?
    package var range: SourceRange

    package init(
        kind: Kind, description: String?, defaultValue: Value?, options: [Value], pattern: String?,
        range: SourceRange
    ) {
        self.kind = kind
        self.description = description
        self.defaultValue = defaultValue
        self.options = options
        self.pattern = pattern
        self.range = range
    }
}

package struct SecretDeclaration: Sendable {
    /// Tried in order; only *missing* falls through.
    package var from: [(reference: SecretReference, range: SourceRange)]
    /// A missing optional secret is null.
    package var isOptional: Bool
    package var range: SourceRange

    package init(
        from: [(reference: SecretReference, range: SourceRange)], isOptional: Bool, range: SourceRange
    ) {
        self.from = from
        self.isOptional = isOptional
        self.range = range
    }
}
