package import OpsCore
import OpsRecipe
package import OpsYAML
package import OrderedCollections

/// What a recipe of others holds, for whoever is to trust it: read from its nodes alone, so that nothing of it is
/// evaluated.
package struct RecipeOutline: Sendable, Equatable {
    /// By name, what stands there.
    package var tasks: OrderedDictionary<String, Value> = [:]
    /// How many steps use an action: `run`, `http.request`.
    package var actions: OrderedDictionary<String, Int> = [:]
    /// How many steps are scripts of a shell.
    package var scripts = 0
    /// By name, the references as they are written.
    package var secrets: OrderedDictionary<String, [String]> = [:]
    /// Servers that it names: in URLs of its actions, and in `secret-hosts`.
    package var hosts: OrderedSet<String> = []
    /// By name, where they come from.
    package var plugins: OrderedDictionary<String, String> = [:]
    package var includes: OrderedDictionary<String, String> = [:]
    /// As declared; empty where nothing is.
    package var permissions: OrderedDictionary<String, [String]> = [:]
    /// By the plugin's name, the permissions of those that lie in the same tree.
    package var shipped: OrderedDictionary<String, OrderedDictionary<String, [String]>> = [:]
    /// Names of files.
    package var dotenv: OrderedSet<String> = []
    package var env: OrderedDictionary<String, Value> = [:]
    /// Of the recipe's `vars`.
    package var variables: OrderedDictionary<String, Value> = [:]
    /// By file of the tree, all nodes of recipes and manifests.
    var whole: [String: String] = [:]
    /// By file, the nodes of recipes of which nothing above tells, and of manifests.
    var rest: [String: String] = [:]
    var manifests: [String: String] = [:]

    package init() {}

    /// Reads a recipe's or a plugin manifest's nodes; what has not the form of one is left out.
    package init(_ node: Node) {
        for (key, value) in node.value.mapValue ?? [:] {
            switch key {
            case "tasks":
                tasks = value.mapValue ?? [:]
                for task in tasks.values { add(step: task) }
            case "actions": for (name, action) in value.mapValue ?? [:] { tasks[name] = action }
            case "on-failure", "finally": add(steps: value)
            case "secrets": add(secrets: value)
            case "dotenv": dotenv.formUnion(Self.texts(value))
            case "env": env = value.mapValue ?? [:]
            case "vars": variables = value.mapValue ?? [:]
            case "secret-hosts": hosts.formUnion(Self.texts(value))
            case "permissions":
                for (name, values) in value.mapValue ?? [:] { permissions[name] = Self.texts(values) }
            case "heartbeat": add(hostsOf: value)
            default: break
            }
        }
        includes = OrderedDictionary(
            Self.references(node, "include").map { ($0.name, $0.from) }, uniquingKeysWith: { first, _ in first })
        plugins = OrderedDictionary(
            Self.references(node, "plugins").map { ($0.name, $0.from) }, uniquingKeysWith: { first, _ in first })
    }

    /// An entry of `include` or `plugins`.
    package struct Reference: Sendable {
        package var name: String
        package var from: String
        package var range: SourceRange
    }

    /// The entries under a key whose values are a reference, or a map with `from`; those whose names are none are left
    /// out, as no recipe with one is ever loaded.
    package static func references(_ node: Node, _ key: String) -> [Reference] {
        guard case .mapping(let fields) = node.content,
            case .mapping(let entries)? = fields.first(where: { $0.key == key })?.value.content
        else { return [] }
        return entries.compactMap { entry in
            guard NameRule.isName(entry.key) else { return nil }
            var from = entry.value
            if case .mapping(let fields) = from.content {
                guard let field = fields.first(where: { $0.key == "from" }) else { return nil }
                from = field.value
            }
            return from.value.stringValue.map { Reference(name: entry.key, from: $0, range: from.range) }
        }
    }

    private mutating func add(steps: Value) {
        for step in steps.listValue ?? [] { add(step: step) }
    }

    private mutating func add(step: Value) {
        for (key, value) in step.mapValue ?? [:] {
            switch key {
            case "steps", "on-failure", "finally": add(steps: value)
            case "undo": add(step: value)
            case "run":
                actions["run", default: 0] += 1
                if value.listValue == nil { scripts += 1 }
            case _ where key.contains("."):
                actions[key, default: 0] += 1
                add(hostsOf: value)
            default: break
            }
        }
    }

    private mutating func add(secrets: Value) {
        for (name, value) in secrets.mapValue ?? [:] {
            let from = value["from"] ?? value
            for reference in Self.texts(from) { add(hostsOf: .string(reference)) }
            self.secrets[name] = (from.listValue ?? [from]).map { item in
                item.scalarText ?? (item["exec"] ?? value["exec"]).map(Self.command) ?? "nothing"
            }
        }
    }

    /// `the command [ "pass", "show", "x" ]`.
    private static func command(_ words: Value) -> String { "the command \(JSONWriter.text(words))" }

    /// The servers in texts that start with http:// or https://.
    private mutating func add(hostsOf value: Value) {
        switch value {
        case .string(let text):
            for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
                let host = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
                if let at = host.lastIndex(of: "@") {
                    hosts.append(String(host[host.index(after: at)...]))
                } else {
                    hosts.append(String(host))
                }
            }
        case .list(let items): for item in items { add(hostsOf: item) }
        case .map(let map): for item in map.values { add(hostsOf: item) }
        default: break
        }
    }

    private static func texts(_ value: Value) -> [String] {
        (value.listValue ?? [value]).compactMap(\.scalarText)
    }

    /// Puts in what a recipe holds that this one includes.
    ///
    /// - Parameter prefix: of its names, such as `base:`.
    mutating func include(_ other: RecipeOutline, under prefix: String) {
        func add<Item>(_ own: inout OrderedDictionary<String, Item>, _ others: OrderedDictionary<String, Item>) {
            for (name, item) in others { own[prefix + name] = item }
        }
        add(&tasks, other.tasks)
        for (action, count) in other.actions { actions[action, default: 0] += count }
        scripts += other.scripts
        add(&secrets, other.secrets)
        hosts.formUnion(other.hosts)
        add(&plugins, other.plugins)
        add(&includes, other.includes)
        add(&shipped, other.shipped)
        add(&env, other.env)
        add(&variables, other.variables)
        dotenv.formUnion(other.dotenv.map { prefix + $0 })
        whole.merge(other.whole) { $1 }
        rest.merge(other.rest) { $1 }
        manifests.merge(other.manifests) { $1 }
    }
}
