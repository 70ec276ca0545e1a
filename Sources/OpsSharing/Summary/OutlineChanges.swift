import OpsCore
import OrderedCollections

extension RecipeOutline {
    /// What it may do, a line for each kind of thing: what is asked before it is trusted. Of strangers, and not made
    /// plain yet.
    package var lines: [String] {
        var lines: [String] = []
        func add(_ label: String, _ texts: [String]) {
            if !texts.isEmpty { lines.append("\(label) \(texts.joined(separator: ", "))") }
        }
        add("tasks      ", Array(tasks.keys))
        add(
            "steps      ",
            actions.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
                + (scripts == 0 ? [] : ["\(scripts) of them scripts"]))
        add("secrets    ", secrets.map { "\($0.key) from \($0.value.joined(separator: " or "))" })
        add("hosts      ", Array(hosts))
        add("dotenv     ", Array(dotenv))
        add("plugins    ", plugins.map { "\($0.key) from \($0.value)" })
        for (name, permissions) in shipped { add("plugin      \(name):", Self.texts(of: permissions)) }
        add("includes   ", includes.map { "\($0.key) from \($0.value)" })
        add("permissions", Self.texts(of: permissions))
        return lines
    }

    /// What another outline has that this one has not, and the other way round: `+ permission net: host:443`.
    /// Empty only where the nodes of all files are the same. Of strangers, and not made plain yet.
    package func changes(to new: RecipeOutline) -> [String] {
        var lines: [String] = []
        /// - Parameters:
        ///   - old: by name, what stands there, exactly.
        ///   - text: what is shown behind the name.
        func compare<Item>(
            _ label: String, _ old: OrderedDictionary<String, Item>, _ new: OrderedDictionary<String, Item>,
            _ exact: (Item) -> String, _ text: ((Item) -> String)? = nil
        ) {
            for key in Set(old.keys).union(new.keys).sorted() {
                let (before, after) = (old[key], new[key])
                guard before.map(exact) != after.map(exact), let item = after ?? before else { continue }
                let sign = before == nil ? "+" : after == nil ? "-" : "~"
                lines.append("\(sign) \(label) \(key)" + (text.map { ": \(Self.shortened($0(item)))" } ?? ""))
            }
        }
        func list(_ texts: [String]) -> String { texts.joined(separator: ", ") }
        func names(_ names: some Sequence<String>) -> OrderedDictionary<String, String> {
            OrderedDictionary(names.map { ($0, "") }, uniquingKeysWith: { first, _ in first })
        }
        compare("permission", permissions, new.permissions, list, list)
        compare("host", names(hosts), names(new.hosts), { $0 })
        compare("secret", secrets, new.secrets, list, list)
        compare("dotenv", names(dotenv), names(new.dotenv), { $0 })
        compare("env", env, new.env, Self.spelled, Self.shown)
        compare("variable", variables, new.variables, Self.spelled, Self.shown)
        compare("plugin", plugins, new.plugins, { $0 }, { $0 })
        compare(
            "permissions of the plugin", shipped, new.shipped, { list(Self.texts(of: $0)) },
            { list(Self.texts(of: $0)) })
        compare("include", includes, new.includes, { $0 }, { $0 })
        compare("action", names(actions.keys), names(new.actions.keys), { $0 })
        compare("task", tasks, new.tasks, Self.spelled)
        if hasOtherChanges(to: new) || (lines.isEmpty && whole != new.whole) {
            lines.append("other parts of the recipe changed")
        }
        return lines
    }

    private static func texts(of permissions: OrderedDictionary<String, [String]>) -> [String] {
        guard !permissions.isEmpty else { return ["none declared"] }
        return permissions.map { "\($0.key): \($0.value.isEmpty ? "none" : $0.value.joined(separator: " "))" }
    }

    private static func shown(_ value: Value) -> String { value.scalarText ?? JSONWriter.text(value) }

    /// The start of a long text.
    private static func shortened(_ text: String) -> String {
        text.count <= 400 ? text : text.prefix(400) + "…"
    }
}
