package import OpsCore
package import OpsSystem

/// What steps may touch, resolved: absolute paths, and secrets by the names that the plan has for them. Nil is all.
package struct Grants: Sendable, Hashable {
    package var read: [String]?
    /// May be read as well.
    package var write: [String]?
    package var net: [NetworkGrant]?
    /// Absolute paths, and names without a slash that PATH leads to. May be read as well.
    package var exec: [String]?
    package var secrets: [String]?
    /// `NAME`, or `NAME_*`.
    package var env: [String]?
    /// Folders that came with a recipe of others: may always be read and executed.
    package var shipped: [String] = []
    /// Where they were declared; nil for those of `--sandbox`.
    package var source: SourceRange?

    package init() {}

    /// - Parameters:
    ///   - folder: that relative paths are relative to, absolute.
    ///   - secretName: the plan's name of a secret that the recipe has a name for.
    package init(_ permissions: Permissions, folder: String, secretName: (String) -> String = { $0 }) {
        func path(_ item: Permissions.Item) -> String { Self.path(item.text, in: folder) }
        read = permissions.read.map(path)
        write = permissions.write.map(path)
        net = permissions.net.compactMap { NetworkGrant($0.text) }
        exec = permissions.exec.map { $0.text.contains("/") ? path($0) : $0.text }
        secrets = permissions.secrets.map { secretName($0.text) }
        env = permissions.env.map(\.text)
        source = permissions.range
    }

    /// `~` stays as it is: whose home it is only a run knows.
    package static func path(_ text: String, in folder: String) -> String {
        PermissionPath.absolute(text, in: folder)
    }

    /// The same with the tree that came with a recipe of others.
    package func shipping(_ tree: String?) -> Grants {
        guard let tree, !shipped.contains(tree) else { return self }
        var grants = self
        grants.shipped.append(tree)
        return grants
    }

    // MARK: what is within

    package func mayRead(_ path: String) -> Bool {
        guard let read else { return true }
        return (read + shipped + (write ?? []) + (exec ?? []).filter { $0.contains("/") }).contains {
            path.isWithin($0)
        }
    }

    package func mayWrite(_ path: String) -> Bool { write?.contains { path.isWithin($0) } ?? true }

    package func mayExecute(_ program: String) -> Bool {
        exec?.contains { program == $0 || $0.contains("/") && program.isWithin($0) } ?? true
    }

    package func mayReach(_ server: NetworkGrant) -> Bool { net?.contains { $0.covers(server) } ?? true }

    package func maySee(secret: String) -> Bool { secrets?.contains(secret) ?? true }

    package func maySee(variable: String) -> Bool {
        guard let env else { return true }
        return env.contains { name in
            name.hasSuffix("*")
                ? variable.hasPrefix(name.dropLast()) || variable == name
                : variable == name
        }
    }

    /// The items of a declaration that go beyond these grants.
    func excess(
        of permissions: Permissions, folder: String, secretName: (String) -> String
    ) -> [(key: String, item: Permissions.Item)] {
        var result: [(key: String, item: Permissions.Item)] = []
        func check(_ key: String, _ items: [Permissions.Item], _ isWithin: (String) -> Bool) {
            for item in items where !isWithin(item.text) { result.append((key, item)) }
        }
        check("read", permissions.read) { mayRead(Self.path($0, in: folder)) }
        check("write", permissions.write) { mayWrite(Self.path($0, in: folder)) }
        check("net", permissions.net) { NetworkGrant($0).map(mayReach) ?? true }
        check("exec", permissions.exec) { mayExecute($0.contains("/") ? Self.path($0, in: folder) : $0) }
        check("secrets", permissions.secrets) { maySee(secret: secretName($0)) }
        check("env", permissions.env) { maySee(variable: $0) }
        return result
    }

    /// What they name of one key, as a message shows it: `dist, build`; `nothing` for an empty list.
    package func text(of key: String, in folder: String) -> String {
        func short(_ paths: [String]?) -> [String]? {
            paths.map {
                $0.map { path in
                    path == folder
                        ? "." : path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.count + 1)) : path
                }
            }
        }
        let items: [String]? =
            switch key {
            case "read": short(read)
            case "write": short(write)
            case "exec": short(exec)
            case "net": net.map { $0.map(\.description) }
            case "secrets": secrets
            default: env
            }
        guard let items else { return "all" }
        return items.isEmpty ? key == "net" ? "none" : "nothing" : items.joined(separator: ", ")
    }
}
