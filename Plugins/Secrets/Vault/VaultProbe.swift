import OpsCore
import OpsPlugin
import OrderedCollections

/// Whether a secret could be read, without reading it.
extension VaultClient {
    /// A line for people such as `KV version 2, version 3 of 2026-01-31`.
    ///
    /// Asks what the token may do (`sys/capabilities-self`) and, in version 2, for the secret's metadata.
    func probe(_ key: Key) async throws(SecretFailure) -> String {
        let mount = try await mount(of: key)
        let path = mount.request("data", key.path)
        let abilities = try await capabilities(path, key)
        if let abilities, !abilities.contains("read"), !abilities.contains("root") {
            throw SecretFailure(
                .forbidden, "Vault at \(name) does not allow this token to read '\(path)'",
                hint: "its policy needs the capability read on that path")
        }
        guard mount.version == 2 else { return "readable if it exists, KV version 1" }
        let metadata: Reply
        do {
            metadata = try await request(
                "GET", mount.request("metadata", key.path), purpose: "the versions of '\(key.path)'")
        } catch {
            guard error.reason == .forbidden else { throw error }
            return "readable if it exists, KV version 2 (its versions may not be listed)"
        }
        let data = metadata.body["data"]
        guard metadata.status == 200, let number = key.version ?? data?["current_version"]?.scalarText,
            number != "0", let version = data?["versions"]?[number]
        else {
            let version = key.version.map { "version \($0) of " } ?? ""
            throw SecretFailure(.missing, "there is no \(version)'\(key.path)' in Vault at \(name)")
        }
        let isDeleted = version["deletion_time"]?.stringValue.map { !$0.isEmpty } ?? false
        if isDeleted || version["destroyed"]?.booleanValue == true {
            throw Self.deleted(version, key.path, number: number)
        }
        let date = version["created_time"]?.stringValue.map { " of \($0.prefix(10))" } ?? ""
        return "KV version 2, version \(number)\(date)"
    }

    /// What the token may do with a path; nil where its policy does not even let it ask.
    private func capabilities(_ path: String, _ key: Key) async throws(SecretFailure) -> [String]? {
        let reply: Reply
        do {
            reply = try await request(
                "POST", "sys/capabilities-self", body: .map(["paths": .list([.string(path)])]), purpose: "'\(key.path)'"
            )
        } catch {
            guard error.reason == .forbidden else { throw error }
            return nil
        }
        let known = reply.body[path] ?? reply.body["data"]?[path] ?? reply.body["capabilities"]
        return known?.listValue?.compactMap(\.stringValue)
    }
}
