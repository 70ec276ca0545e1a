import OpsCore
import OpsSystem

/// Finds the credentials that docker, podman and their like have kept (docker's config.json;
/// containers-auth.json(5)).
///
/// The first file that knows the registry wins: `REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json`,
/// `$XDG_RUNTIME_DIR/containers/auth.json`, `$XDG_CONFIG_HOME/containers/auth.json`, `~/.docker/config.json`,
/// `~/.dockercfg`. `DOCKER_CONFIG` replaces the last two.
package struct CredentialStore: Sendable {
    private let environment: [String: String]

    /// - Parameter environment: names the files, and is what credential helpers are started with.
    package init(environment: [String: String]) { self.environment = environment }

    /// The files that are asked, in order.
    package var files: [String] {
        func set(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = set("HOME")
        var files: [String?] = [
            set("REGISTRY_AUTH_FILE"),
            set("DOCKER_CONFIG").map { $0 + "/config.json" },
            set("XDG_RUNTIME_DIR").map { $0 + "/containers/auth.json" },
            (set("XDG_CONFIG_HOME") ?? home.map { $0 + "/.config" }).map { $0 + "/containers/auth.json" },
        ]
        if set("DOCKER_CONFIG") == nil {
            files += [home.map { $0 + "/.docker/config.json" }, home.map { $0 + "/.dockercfg" }]
        }
        return files.compactMap(\.self)
    }

    /// The credentials for a repository; nil where none are kept.
    ///
    /// Throws: an `OpsError` where a file or a helper's answer cannot be read.
    package func credential(
        for host: RegistryHost, _ repository: RepositoryName
    ) async throws -> RegistryCredential? {
        for path in files where FileStatus.find(path)?.kind == .file {
            let file = try AuthFile(bytes: try readFile(path, limit: 4 << 20), name: path)
            switch try file.entry(for: host, repository) {
            case .credential(let credential): return credential
            case .helper(let name, let server):
                if let credential = try await CredentialHelper(name: name, environment: environment).get(server) {
                    return credential
                }
            case nil: continue
            }
        }
        return nil
    }
}
