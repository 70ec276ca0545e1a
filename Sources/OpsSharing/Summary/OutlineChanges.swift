import OpsCore
import OrderedCollections

extension RecipeOutline {
    /// What it may do, a line for each kind of thing: what is asked before it is trusted.
    package var lines: [String] {
        var lines: [String] = []
        func add(_ label: String, _ texts: [String]) {
            if !texts.isEmpty { lines.append("\(label) \(texts.map(Self.plain).joined(separator: ", "))") }
        }
        add("tasks      ", Array(tasks.keys))
        add(
            "steps      ",
            actions.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
                + (scripts == 0 ? [] : ["\(scripts) of them scripts"]))
        add("secrets    ", secrets.map { "\($0.key) from \($0.value.joined(separator: " or "))" })
        add("hosts      ", Array(hosts))
        add("plugins    ", plugins.map { "\($0.key) from \($0.value)" })
        add("includes   ", includes.map { "\($0.key) from \($0.value)" })
        add("permissions", permissions.isEmpty ? ["none declared"] : permissions.map(Self.text))
        return lines
    }

    /// What another outline has that this one has not, and the other way round: `+ permission net: host:443`.
    package func changes(to new: RecipeOutline) -> [String] {
        var lines: [String] = []
        func compare(_ label: String, _ old: [String: Value], _ new: [String: Value], isShown: Bool) {
            for key in Set(old.keys).union(new.keys).sorted() where old[key] != new[key] {
                let sign = old[key] == nil ? "+" : new[key] == nil ? "-" : "~"
                let text = (new[key] ?? old[key])?.stringValue ?? ""
                lines.append("\(sign) \(label) \(Self.plain(isShown ? "\(key): \(text)" : key))")
            }
        }
        func map(_ entries: OrderedDictionary<String, [String]>) -> [String: Value] {
            Dictionary(uniqueKeysWithValues: entries.map { ($0.key, .string($0.value.joined(separator: ", "))) })
        }
        func map(_ entries: OrderedDictionary<String, String>) -> [String: Value] {
            Dictionary(uniqueKeysWithValues: entries.map { ($0.key, .string($0.value)) })
        }
        func map(_ names: some Sequence<String>) -> [String: Value] {
            Dictionary(names.map { ($0, Value.null) }, uniquingKeysWith: { first, _ in first })
        }
        compare("permission", map(permissions), map(new.permissions), isShown: true)
        compare("host", map(hosts), map(new.hosts), isShown: false)
        compare("secret", map(secrets), map(new.secrets), isShown: true)
        compare("plugin", map(plugins), map(new.plugins), isShown: true)
        compare("include", map(includes), map(new.includes), isShown: true)
        compare("action", map(actions.keys), map(new.actions.keys), isShown: false)
        compare(
            "task", Dictionary(uniqueKeysWithValues: tasks.map { ($0.key, $0.value) }),
            Dictionary(uniqueKeysWithValues: new.tasks.map { ($0.key, $0.value) }), isShown: false)
        return lines
    }

    private static func text(_ permission: (key: String, value: [String])) -> String {
        "\(permission.key): \(permission.value.isEmpty ? "none" : permission.value.joined(separator: " "))"
    }

    /// What could move a terminal's cursor, or pass for another line, shows as what it is.
    private static func plain(_ text: String) -> String {
        text.unicodeScalars.map {
            switch $0.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: "\\u{\(String($0.value, radix: 16))}"
            default: String($0)
            }
        }
        .joined()
    }
}
