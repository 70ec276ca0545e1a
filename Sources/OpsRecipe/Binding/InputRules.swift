import OpsCore
import OpsPlugin

extension InputDeclaration {
    /// The variable that holds an input in scripts: `image-tag` is `INPUT_IMAGE_TAG`.
    package static func variable(of name: String) -> String {
        "INPUT_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    /// What `options` or `pattern` have against a value of the right type; nil is nothing.
    func problem(of value: Value) -> String? {
        let items = value.listValue ?? [value]
        for item in items {
            let text = item.scalarText ?? ""
            if !options.isEmpty, !options.contains(item) {
                let known = options.compactMap(\.scalarText)
                let near = nearestName(to: text, among: known).map { "; did you mean '\($0)'?" } ?? ""
                return "is one of \(known.joined(separator: ", ")), not '\(text)'\(near)"
            }
            if let pattern, !InputPattern.matches(text, pattern) {
                return "does not match \(pattern): '\(text)'"
            }
        }
        return nil
    }
}
