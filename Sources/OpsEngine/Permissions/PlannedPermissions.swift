import OpsCore
package import OpsRecipe
import OpsSystem
import OrderedCollections

/// The permissions of a task as a plan tells them.
package struct PlannedPermissions {
    private let layers: [Grants]

    package init(_ layers: [Grants]) { self.layers = layers }

    /// What each key grants at its tightest, as people read it.
    package func lines(in folder: String) -> [(key: String, text: String)] {
        guard let tightest = layers.last else { return [] }
        return ["read", "write", "net", "exec", "secrets", "env"].map { ($0, tightest.text(of: $0, in: folder)) }
    }

    package var place: String { layers.place }

    /// What this system cannot hold steps to; one sentence each.
    package var shortfalls: [String] {
        SandboxSupport.shortfalls(of: layers.map { $0.sandbox(own: [], environment: [:]) })
    }

    /// The tightest layer, with those that it stands in under `within`. A key that does not limit is left out.
    var json: Value {
        guard let tightest = layers.last else { return .null }
        var value = Self.value(tightest)
        value["within"] = .list(layers.dropLast().map { .map(Self.value($0)) })
        value["not-enforced"] = .list(shortfalls.map { .string($0) })
        return .map(value)
    }

    private static func value(_ grants: Grants) -> ValueMap {
        var value: ValueMap = [:]
        func add(_ key: String, _ items: [String]?) {
            if let items { value[key] = .list(items.map { .string($0) }) }
        }
        add("read", grants.read)
        add("write", grants.write)
        if let net = grants.net {
            value["net"] = net.isEmpty ? .string("none") : .list(net.map { .string($0.description) })
        }
        add("exec", grants.exec)
        add("secrets", grants.secrets)
        add("env", grants.env)
        value["source"] = grants.source.map { .string($0.description) } ?? .null
        return value
    }
}
