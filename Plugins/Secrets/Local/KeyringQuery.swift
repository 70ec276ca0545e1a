import OpsPlugin

/// What identifies a password in a keyring: attributes, sorted by name behind the service and the account.
struct KeyringQuery: Sendable {
    var attributes: [(name: String, value: String)]

    /// The options of `security` for a generic password.
    static let keychainOptions = [
        (name: "label", flag: "-l"), (name: "kind", flag: "-D"), (name: "comment", flag: "-j"),
    ]

    init(_ reference: SecretReference) {
        let slash = reference.path.lastIndex(of: "/")
        let service = slash.map { String(reference.path[..<$0]) } ?? reference.path
        attributes = service == "-" ? [] : [("service", service)]
        if let slash { attributes.append(("username", String(reference.path[reference.path.index(after: slash)...]))) }
        attributes += reference.options.filter { $0.key != "decode" }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) }
    }

    /// As `secret-tool` takes them: names and values in turn.
    var words: [String] { attributes.flatMap { [$0.name, $0.value] } }

    /// Names the question in a session.
    var key: String { attributes.map { "\($0.name)=\($0.value)" }.joined(separator: "\n") }

    /// For messages.
    var place: String {
        "the password in the keyring with " + attributes.map { "\($0.name) '\($0.value)'" }.joined(separator: ", ")
    }

    /// The arguments of `security` on macOS.
    func security(isValue: Bool) -> [String] {
        let flags = ["service": "-s", "username": "-a"].merging(
            Self.keychainOptions.map { ($0.name, $0.flag) }, uniquingKeysWith: { first, _ in first })
        return ["find-generic-password"] + attributes.flatMap { [flags[$0.name] ?? "-l", $0.value] }
            + (isValue ? ["-w"] : [])
    }

    /// False where a search finds more than what is meant: `dbus-send` takes a map apart at its commas, so that
    /// attributes with one are left out.
    var canBeSearched: Bool { !attributes.contains { $0.value.contains(",") || $0.name.contains(",") } }

    /// The arguments of `dbus-send` for SearchItems (Secret Service API, org.freedesktop.Secret.Service); nil where no
    /// attribute can be searched for.
    var busSearch: [String]? {
        let words = attributes.filter { !$0.value.contains(",") && !$0.name.contains(",") }.flatMap {
            [$0.name, $0.value]
        }
        guard !words.isEmpty else { return nil }
        return [
            "--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.SearchItems", "dict:string:string:" + words.joined(separator: ","),
        ]
    }
}
