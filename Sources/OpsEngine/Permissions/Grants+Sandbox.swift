import OpsCore
package import OpsRecipe
package import OpsSystem

extension Grants {
    /// The layer as the kernel is told of it.
    ///
    /// - Parameters:
    ///   - own: folders for the steps alone.
    ///   - environment: where HOME and PATH are looked up.
    package func sandbox(own: [String], environment: [String: String]) -> Sandbox {
        let grants = inHome(of: environment)
        var sandbox = Sandbox()
        sandbox.read = grants.read
        sandbox.write = grants.write
        sandbox.execute = grants.exec.map { items in
            items.compactMap { item in
                item.contains("/")
                    ? item
                    : ExecutablePath.find(
                        item, path: environment["PATH"] ?? ExecutablePath.defaultSearchPath, in: "/")
            }
        }
        sandbox.own = own
        sandbox.shipped = grants.shipped
        if let net = grants.net { sandbox.limitNetwork(to: net) }
        return sandbox
    }

    /// The same with HOME in place of `~`.
    package func inHome(of environment: [String: String]) -> Grants {
        func expand(_ paths: [String]?) -> [String]? {
            paths?.map { PermissionPath.inHome($0, of: environment) }
        }
        var result = self
        result.read = expand(read)
        result.write = expand(write)
        result.exec = expand(exec)
        return result
    }

    /// What `ops run --sandbox` holds a recipe to that says nothing itself: it reads, writes and executes below its
    /// folders, and the rest of the files is closed to it.
    static func standard(folders: [String]) -> Grants {
        var grants = Grants()
        grants.read = folders
        grants.write = folders
        grants.exec = folders
        return grants
    }

    /// Variables that every step has: who and where it is, and how to speak to people.
    static func isBasic(_ variable: String) -> Bool {
        switch variable {
        case "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "TMPDIR", "PWD", "NO_COLOR":
            true
        default: variable.hasPrefix("LC_")
        }
    }
}

extension [Grants] {
    /// Where the tightest layer was declared, for messages: `ops.yaml:4`; `--sandbox` for its own.
    package var place: String {
        guard let source = last?.source else { return "--sandbox" }
        return "\(source.file):\(source.start.line)"
    }

    /// True where a step gets the caller's variable of that name.
    func maySee(variable: String) -> Bool {
        allSatisfy { $0.maySee(variable: variable) } || Grants.isBasic(variable)
    }

    /// What a step may touch, in one line: `read ., write dist, net none`.
    package func summary(in folder: String) -> String {
        guard let tightest = last else { return "all" }
        return ["read", "write", "net", "exec"].map { "\($0) \(tightest.text(of: $0, in: folder))" }
            .joined(separator: "; ")
    }
}
