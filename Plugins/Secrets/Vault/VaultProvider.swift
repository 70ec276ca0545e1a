import OpsCore
import OpsPlugin

/// `vault://MOUNT/PATH#field`: a field of a secret in a key-value engine of Vault or OpenBao.
///
/// `?version=N` reads an older version (engine version 2), `?kv=1` or `?kv=2` states the engine's version so that
/// the server is not asked for it.
struct VaultProvider: SecretProvider {
    let scheme = "vault"
    let summary = "A field of a secret in Vault or OpenBao, key-value engines version 1 and 2"
    let example = "vault://secret/ci/registry#password"

    private let retryDelay: Duration

    init(retryDelay: Duration = .milliseconds(1500)) { self.retryDelay = retryDelay }

    func check(_ reference: SecretReference) throws(OpsError) {
        let parts = reference.path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw OpsError(
                .invalid, "'\(reference)' does not name a mount and a path in it",
                hint: "write vault://mount/path#field")
        }
        guard reference.field != nil else {
            throw OpsError(.invalid, "'\(reference)' names no field", hint: "write vault://\(reference.path)#field")
        }
        try SecretSelection.checkOptions(reference, known: ["version", "kv"])
        if let version = reference.options["version"] {
            guard let number = Int(version), number > 0, String(number) == version else {
                throw OpsError(
                    .invalid, "'\(version)' in '\(reference)' is not a version", hint: "versions count from 1")
            }
        }
        if let engine = reference.options["kv"] {
            guard engine == "1" || engine == "2" else {
                throw OpsError(.invalid, "there is no KV version '\(engine)'", hint: "write kv=1 or kv=2")
            }
            guard engine == "2" || reference.options["version"] == nil else {
                throw OpsError(.invalid, "KV version 1 in '\(reference)' keeps no versions")
            }
        }
    }

    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence { .unknown }

    func fetch(_ references: [SecretReference], _ context: SecretContext) async -> [Result<
        [UInt8], SecretFailure
    >] {
        let client: VaultClient
        do {
            client = try VaultClient(VaultSettings(context), retryDelay: retryDelay, logger: context.logger)
        } catch {
            return references.map { _ in .failure(error) }
        }
        let secrets = await read(Set(references.map(VaultClient.Key.init)), client)
        return references.map { reference in
            Result { () throws(SecretFailure) in
                let key = VaultClient.Key(reference)
                guard let result = secrets[key] else { throw SecretFailure(.unreachable, "the request was cancelled") }
                return try SecretSelection(reference).apply(to: try result.get(), place: "'\(key.path)' in Vault")
            }
        }
    }

    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<SecretProbe, SecretFailure> {
        do throws(SecretFailure) {
            let client = try VaultClient(VaultSettings(context), retryDelay: retryDelay, logger: context.logger)
            return .success(SecretProbe(try await client.probe(VaultClient.Key(reference))))
        } catch {
            return .failure(error)
        }
    }

    /// Each secret read once, with one question for each mount.
    private func read(
        _ keys: Set<VaultClient.Key>, _ client: VaultClient
    ) async -> [VaultClient.Key: Result<Value, SecretFailure>] {
        var results: [VaultClient.Key: Result<Value, SecretFailure>] = [:]
        var mounts: [VaultMount] = []
        var placed: [(VaultClient.Key, VaultMount)] = []
        for key in keys.sorted(by: { $0.path < $1.path }) {
            do throws(SecretFailure) {
                let known = key.engine == nil ? mounts.first { $0.holds(key.path) } : nil
                let mount = if let known { known } else { try await client.mount(of: key) }
                if key.engine == nil, known == nil { mounts.append(mount) }
                placed.append((key, mount))
            } catch {
                results[key] = .failure(error)
            }
        }
        await withTaskGroup(of: (VaultClient.Key, Result<Value, SecretFailure>).self) { group in
            for (index, (key, mount)) in placed.enumerated() {
                // Few at a time, so that a rate limit is not the first thing met.
                if index >= 4, let (key, result) = await group.next() { results[key] = result }
                group.addTask {
                    do throws(SecretFailure) {
                        return (key, .success(try await client.read(key, in: mount)))
                    } catch {
                        return (key, .failure(error))
                    }
                }
            }
            for await (key, result) in group { results[key] = result }
        }
        return results
    }
}
