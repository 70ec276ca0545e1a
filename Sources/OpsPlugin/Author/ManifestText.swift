import OpsCore
import OrderedCollections

/// Writes a manifest as YAML: maps in lines, everything else as JSON, which YAML reads.
enum ManifestText {
    static func yaml(_ value: Value, indent: String = "") -> String {
        var text = ""
        for (key, item) in value.mapValue ?? [:] {
            let isPlain = key.utf8.allSatisfy { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 == 0x2D }
            text += indent + (isPlain && !key.isEmpty ? key : JSONWriter.text(.string(key))) + ":"
            if case .map(let members) = item, !members.isEmpty {
                text += "\n" + yaml(item, indent: indent + "  ")
            } else {
                text += " " + JSONWriter.text(item) + "\n"
            }
        }
        return text
    }
}
