import OpsCore
import OpsHTTP
import OpsPlugin
import OrderedCollections

/// What one question gets: a secret with all its fields.
struct VaultSecret: Sendable, Hashable {
    enum Source: Sendable, Hashable {
        /// A key-value engine; its own version (1 or 2) where the reference states it.
        case keyValue(version: String?, engine: Int?)
        /// Any path, by `GET` or `POST`.
        case call(method: String, isDynamic: Bool, parameters: [Parameter])
        /// What an environment variable's wrapping token opens; the path is where it must come from.
        case unwrap(variable: String)
    }

    struct Parameter: Sendable, Hashable {
        var name: String
        var value: String
    }

    /// Options that are not parameters of a call.
    private static let own: Set = ["decode", "namespace", "wrap", "read", "write"]

    var path: String
    var source: Source
    var namespace: String?
    /// How long the answer waits under a wrapping token, which is then the secret.
    var wrapTTL: String?

    init(_ reference: SecretReference) {
        let options = reference.options
        path = reference.path
        namespace = options["namespace"]
        wrapTTL = options["wrap"].flatMap(Self.seconds).map { "\($0)s" }
        if let variable = options["unwrap"] {
            source = .unwrap(variable: variable)
        } else if let kind = options["read"] ?? options["write"] {
            let parameters = options.filter { !Self.own.contains($0.key) }.sorted { $0.key < $1.key }.map { option in
                let value = PercentEncoding.decode(option.value).map { String(decoding: $0, as: UTF8.self) }
                return Parameter(name: option.key, value: value ?? option.value)
            }
            source = .call(
                method: options["write"] == nil ? "GET" : "POST", isDynamic: kind == "dynamic", parameters: parameters)
        } else {
            source = .keyValue(version: options["version"], engine: options["kv"].flatMap { Int($0) })
        }
    }

    /// True where each question makes a secret of its own.
    var isDynamic: Bool {
        if case .call(_, true, _) = source { return true }
        return wrapTTL != nil
    }

    /// What its answer is kept under in a session, behind the client's.
    var key: String {
        let place = "\(namespace ?? "") \(wrapTTL ?? "")"
        switch source {
        case .keyValue(let version, let engine):
            return "kv \(place) \(version ?? "") \(engine.map { "\($0)" } ?? "") \(path)"
        case .call(let method, _, let parameters):
            let items: [(String, String)] = parameters.map { ($0.name, $0.value) }
            return "\(method) \(place) \(path) "
                + items.map { PercentEncoding.encode($0.0) + "=" + PercentEncoding.encode($0.1) }.joined(separator: "&")
        case .unwrap(let variable): return "unwrap \(variable) \(path)"
        }
    }

    /// Throws: an `OpsError` (`invalid`) with the remedy.
    static func check(_ reference: SecretReference) throws(OpsError) {
        let options = reference.options
        let parts = reference.path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw OpsError(
                .invalid, "'\(reference)' does not name a mount and a path in it",
                hint: "write vault://mount/path#field")
        }
        let ways = ["read", "write", "unwrap"].filter { options[$0] != nil }
        guard ways.count < 2 else {
            throw OpsError(.invalid, "'\(reference)' has both \(ways[0])= and \(ways[1])=", hint: "leave one out")
        }
        for name in ["read", "write"] {
            guard let kind = options[name], kind != "static", kind != "dynamic" else { continue }
            throw OpsError(
                .invalid, "'\(kind)' in '\(reference)' is no way to \(name)",
                hint: "write \(name)=static, or \(name)=dynamic where each request makes a secret of its own")
        }
        try checkOptions(reference, ways.first)
        if options["wrap"] != nil {
            guard reference.field == nil else {
                throw OpsError(
                    .invalid, "'\(reference)' names a field of what is wrapped",
                    hint: "leave the field out: the secret is the wrapping token")
            }
        } else if ways.isEmpty, reference.field == nil {
            throw OpsError(.invalid, "'\(reference)' names no field", hint: "write vault://\(reference.path)#field")
        }
        try checkVersion(reference)
    }

    private static func checkOptions(_ reference: SecretReference, _ way: String?) throws(OpsError) {
        var known = ["namespace"]
        switch way {
        case "read", "write":
            // All others are the request's own parameters.
            known += ["wrap"] + reference.options.keys
        case "unwrap": known = ["unwrap"]
        default: known += ["version", "kv", "wrap", "read", "write", "unwrap"]
        }
        try SecretSelection.checkOptions(reference, known: known)
        if let text = reference.options["wrap"], Self.seconds(text) == nil {
            throw OpsError(
                .invalid, "'\(text)' in '\(reference)' is not a time for a wrapping token", hint: "write wrap=5m")
        }
    }

    /// The whole seconds of `60` or `5m`; nil where it is less than one.
    private static func seconds(_ text: String) -> Int? {
        let seconds = Int(text) ?? Duration.parse(text).map { Int($0.seconds) }
        return seconds.flatMap { $0 > 0 ? $0 : nil }
    }

    private static func checkVersion(_ reference: SecretReference) throws(OpsError) {
        guard case .keyValue(let version, _) = VaultSecret(reference).source else { return }
        if let version {
            guard let number = Int(version), number > 0, String(number) == version else {
                throw OpsError(
                    .invalid, "'\(version)' in '\(reference)' is not a version", hint: "versions count from 1")
            }
        }
        if let engine = reference.options["kv"] {
            guard engine == "1" || engine == "2" else {
                throw OpsError(.invalid, "there is no KV version '\(engine)'", hint: "write kv=1 or kv=2")
            }
            guard engine == "2" || version == nil else {
                throw OpsError(.invalid, "KV version 1 in '\(reference)' keeps no versions")
            }
        }
    }
}
