package import OpsCore
import OrderedCollections

/// Values as protocol 1 writes them. An object whose one key starts with `$` is none of the user's: `$secret` names an
/// entry of the request's secrets, `$unknown` what will give the value, `$map` wraps a user's own such map.
package enum WireValue {
    private static let secret = "$secret"
    private static let unknown = "$unknown"
    private static let map = "$map"

    /// The JSON value of a value; its secrets are entered in `secrets`.
    package static func encode(_ value: Value, secrets: inout WireSecrets) -> Value {
        switch value {
        case .secret(let hidden): return .map([secret: .string(secrets.name(of: hidden))])
        case .unknown(let unknown): return .map([Self.unknown: .string(unknown.source)])
        case .list(let items): return .list(items.map { encode($0, secrets: &secrets) })
        case .map(let members):
            var encoded = ValueMap()
            for (key, member) in members { encoded[key] = encode(member, secrets: &secrets) }
            return isSpecial(members) ? .map([map: .map(encoded)]) : .map(encoded)
        default: return value
        }
    }

    /// The value of a JSON value.
    ///
    /// - Parameter secrets: gives the secret of a name in the request; nil where there is none.
    /// Throws: an `OpsError` (`invalid`) where a special object has another form than it must.
    package static func decode(_ json: Value, secrets: (String) -> Secret? = { _ in nil }) throws(OpsError) -> Value {
        switch json {
        case .list(let items):
            var values: [Value] = []
            for item in items { values.append(try decode(item, secrets: secrets)) }
            return .list(values)
        case .map(let members):
            guard isSpecial(members), let (key, content) = members.elements.first.map({ ($0.key, $0.value) }) else {
                return .map(try decode(members, secrets: secrets))
            }
            switch (key, content) {
            case (secret, .string(let name)):
                guard let value = secrets(name) else {
                    throw OpsError(.invalid, "{\"$secret\": …} names no secret of the request")
                }
                return .secret(value)
            case (unknown, .string(let source)): return .unknown(Unknown(source))
            case (map, .map(let own)): return .map(try decode(own, secrets: secrets))
            default:
                throw OpsError(
                    .invalid, "an object with the one key '\(key)' has a meaning of its own, and not this form",
                    hint: "write {\"$secret\": NAME}, {\"$unknown\": SOURCE}, or wrap a map in {\"$map\": …}")
            }
        default: return json
        }
    }

    /// The members of a map that is not special itself.
    package static func decode(
        _ members: ValueMap, secrets: (String) -> Secret? = { _ in nil }
    ) throws(OpsError) -> ValueMap {
        var decoded = ValueMap()
        for (key, member) in members { decoded[key] = try decode(member, secrets: secrets) }
        return decoded
    }

    private static func isSpecial(_ members: ValueMap) -> Bool {
        members.count == 1 && members.keys.first?.hasPrefix("$") == true
    }
}

/// The secrets of one request by the names it gives them: `s1`, `s2`.
package struct WireSecrets: Sendable {
    /// In the order of their names; without bytes where the request is a plan's.
    package private(set) var all: [Secret] = []

    package init() {}

    /// The name of a secret, which is entered.
    package mutating func name(of secret: Secret) -> String {
        all.append(secret)
        return "s\(all.count)"
    }

    /// The request's `secrets`: text, or base64 where the bytes are not UTF-8. Empty for a plan.
    package var json: ValueMap {
        var members = ValueMap()
        for (index, secret) in all.enumerated() {
            guard let bytes = secret.reveal() else { continue }
            members["s\(index + 1)"] = Self.json(bytes)
        }
        return members
    }

    /// A secret's bytes as text, or as `{"base64": …}`.
    static func json(_ bytes: [UInt8]) -> Value {
        if let text = String(validating: bytes, as: UTF8.self) { return .string(text) }
        return .map(["base64": .string(Base64.encode(bytes))])
    }

    /// Throws: an `OpsError` (`invalid`) where it is neither text nor base64. It quotes nothing.
    static func bytes(_ json: Value) throws(OpsError) -> [UInt8] {
        if let text = json.stringValue { return Array(text.utf8) }
        guard let text = json["base64"]?.stringValue, let bytes = Base64.decode(Array(text.utf8)) else {
            throw OpsError(.invalid, "a secret is neither text nor {\"base64\": …}")
        }
        return bytes
    }
}
