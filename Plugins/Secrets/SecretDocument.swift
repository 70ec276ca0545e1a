import OpsCore
import OpsYAML

/// How the text of a source is structured, of which `#field` selects a part.
enum SecretDocument: Sendable {
    case json
    case yaml
    /// JSON where it is that, else YAML.
    case either

    /// By the end of a file's name: `.json`, `.yaml`, `.yml`; any other may be either.
    init(path: String) {
        let name = path.lowercased()
        if name.hasSuffix(".json") {
            self = .json
        } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            self = .yaml
        } else {
            self = .either
        }
    }

    /// What the text holds: a map or a list, with numbers as they are spelled. Nil where it is not valid, or is a
    /// lone scalar; the readers' own words may quote what they read, so there are none.
    func value(_ bytes: [UInt8]) -> Value? {
        var value: Value?
        if self != .yaml { value = try? JSONReader.value(bytes) }
        if self != .json, value == nil { value = (try? YAML.parse(bytes, file: ""))?.value }
        switch value {
        case .map, .list: return value
        default: return nil
        }
    }

    /// For messages.
    var name: String {
        switch self {
        case .json: "JSON"
        case .yaml: "YAML"
        case .either: "JSON or YAML"
        }
    }
}
