import OpsCore

/// One wrapping of a data key, or of a share of it, as the metadata of a file has it.
struct SopsWrapping: Sendable {
    /// As the metadata names it: `age`, `pgp`, `kms` …
    var kind: String
    var fields: Value

    /// The wrapped key; how it is written depends on the kind.
    var sealed: String { text("enc") }

    /// Which key unwraps it, for messages.
    var name: String {
        let id = ["recipient", "fp", "arn", "resource_id", "name", "key_name", "key_id"].lazy
            .compactMap { fields[$0]?.scalarText }.first
        return id.map { "\(kind) key \($0.prefix(120))" } ?? "\(kind) key"
    }

    /// A field; empty where there is none.
    func text(_ field: String) -> String { fields[field]?.scalarText ?? "" }
}
