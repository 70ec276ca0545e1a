import OpsCore
import OpsPlugin
import OrderedCollections

/// An item as Connect's API and `op item get --format json` give it.
struct OnePasswordItem: Sendable {
    private let value: Value

    /// What servers give as the section of a field that is in none.
    private static let noSection = "add more"

    init(_ value: Value) { self.value = value }

    /// The one of several that a text means: by identifier, else by name without regard to case.
    ///
    /// - Parameters:
    ///   - kind: `item`, for messages.
    ///   - name: the member that holds the name: `name`, `title`, `label`.
    /// Throws: a `SecretFailure`: `missing` where there is none, `invalid` with their number where there are several.
    static func find(
        _ text: String, in list: [Value], kind: String, name: String, place: String
    ) throws(SecretFailure) -> Value {
        if let found = list.first(where: { $0["id"]?.stringValue == text }) { return found }
        let wanted = text.lowercased()
        let found = list.filter {
            $0[name]?.stringValue?.lowercased() == wanted || $0["id"]?.stringValue?.lowercased() == wanted
        }
        guard let first = found.first else {
            let names = list.compactMap { $0[name]?.stringValue }
            throw SecretFailure(
                .missing, "\(place) has no \(kind) '\(text)'",
                hint: nearestName(to: text, among: names).map { "did you mean '\($0)'?" })
        }
        guard found.count == 1 else {
            throw SecretFailure(
                .invalid, "\(found.count) \(kind)s of \(place) have the name '\(text)'",
                hint: "write the identifier of the one that is meant")
        }
        return first
    }

    /// The field that an address names: of its section, else one that is in none, else the only one of all sections.
    ///
    /// Throws: a `SecretFailure` as `find`; messages hold names only.
    func field(_ address: OnePasswordAddress) throws(SecretFailure) -> Value {
        var fields = value["fields"]?.listValue ?? []
        var place = address.place
        if let section = address.section {
            let found = try Self.find(
                section, in: sections, kind: "section", name: "label", place: place)
            let id = found["id"]?.stringValue
            fields = fields.filter { $0["section"]?["id"]?.stringValue == id }
            place = "section '\(section)' of \(place)"
        } else {
            let loose = fields.filter { [nil, Self.noSection].contains($0["section"]?["id"]?.stringValue) }
            if let found = try? Self.find(address.field, in: loose, kind: "field", name: "label", place: place) {
                return found
            }
        }
        return try Self.find(address.field, in: fields, kind: "field", name: "label", place: place)
    }

    /// What an address asks of the field.
    ///
    /// Throws: a `SecretFailure` as `field`, and `invalid` where the field is of another kind.
    func secret(_ address: OnePasswordAddress) throws(SecretFailure) -> [UInt8] {
        let field = try field(address)
        let place = "field '\(address.field)' of \(address.place)"
        switch address.aspect {
        case .value:
            guard let text = field["value"]?.scalarText else {
                throw SecretFailure(.empty, "\(place) is empty")
            }
            return Array(text.utf8)
        case .oneTimePassword:
            guard let code = field["totp"]?.scalarText else {
                throw SecretFailure(.invalid, "\(place) makes no one-time passwords")
            }
            return Array(code.utf8)
        case .openSSH:
            if let text = field["ssh_formats"]?["openssh"]?["value"]?.stringValue { return Array(text.utf8) }
            guard let key = field["value"]?.stringValue.flatMap({ OpenSSHKey(pkcs8: $0) }) else {
                throw SecretFailure(
                    .invalid, "\(place) is no Ed25519 or RSA key in PKCS #8, which could become one of OpenSSH")
            }
            return Array(key.text.utf8)
        }
    }

    /// Those the item lists, and those that only its fields name.
    private var sections: [Value] {
        let listed = value["sections"]?.listValue ?? []
        let known = Set(listed.compactMap { $0["id"]?.stringValue })
        var extra: OrderedDictionary<String, Value> = [:]
        for case let section? in (value["fields"]?.listValue ?? []).map({ $0["section"] }) {
            guard let id = section["id"]?.stringValue, !known.contains(id) else { continue }
            extra[id] = section
        }
        return listed + extra.values
    }
}
