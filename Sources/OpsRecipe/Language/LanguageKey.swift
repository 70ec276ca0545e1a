package import OpsCore

/// What stands behind a key of the recipe language.
package indirect enum KeyType: Sendable {
    /// Constant text.
    case text
    /// Text in which `${{ }}` may stand.
    case template
    /// Any value in which `${{ }}` may stand.
    case value
    /// A bare expression, or one whole `${{ }}`.
    case condition
    case boolean
    /// A whole number, at least this.
    case integer(minimum: Int)
    case number
    case duration
    case list(KeyType)
    /// One value or a list of them.
    case oneOrMore(KeyType)
    /// Names of the user's to values of one type.
    case map(KeyType)
    /// Another object of the language, by its name.
    case object(String)
    case choice([String])
    /// One of several forms.
    case either([KeyType])
    /// Exactly this value.
    case constant(Value)
    case null
}

/// One key of the recipe language. Decoding, nearest-name hints, the JSON Schema and the manual page are all
/// made from it.
package struct LanguageKey: Sendable {
    package var name: String
    package var type: KeyType
    /// One sentence without a full stop.
    package var summary: String
    package var isRequired = false
    /// The first language version that has it.
    package var since = 1

    package init(_ name: String, _ type: KeyType, _ summary: String, required: Bool = false) {
        self.name = name
        self.type = type
        self.summary = summary
        isRequired = required
    }
}

/// One kind of map in a recipe, with all its keys.
package struct LanguageObject: Sendable {
    /// `task`, `step`, `input` …
    package var name: String
    package var summary: String
    package var keys: [LanguageKey]
    /// True where exactly one action key (`run`, `PLUGIN.ACTION`) may or must stand beside the keys.
    package var takesAction = false
    package var byName: [String: LanguageKey]
    let required: [LanguageKey]

    package init(_ name: String, _ summary: String, takesAction: Bool = false, _ keys: [LanguageKey]) {
        self.name = name
        self.summary = summary
        self.keys = keys
        self.takesAction = takesAction
        required = keys.filter(\.isRequired)
        byName = Dictionary(keys.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
