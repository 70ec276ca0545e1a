import OpsCore
import OpsPlugin
import OpsSystem

/// The file that `OPS_OUTPUT` names: `key=value` lines and heredocs, as in GitHub's `GITHUB_OUTPUT`.
enum OutputFile {
    private static let limit = 1 << 20

    /// What the file holds, by the declared names and types; a file that was never written is empty.
    ///
    /// Throws: an `OpsError` (`mismatch`) that names the line or the output.
    static func values(_ path: String, _ types: [String: ValueType], _ step: StepOptions) throws(OpsError) -> [String:
        Value]
    {
        var texts: [String: String] = [:]
        if FileStatus.find(path) != nil { texts = try parse(try readFile(path, limit: limit)) }
        for name in texts.keys.sorted() where types[name] == nil {
            let near = nearestName(to: name, among: types.keys)
            throw OpsError(
                .mismatch, "it wrote the output '\(name)', which 'returns' does not declare",
                hint: near.map { "did you mean '\($0)'?" } ?? "add it to 'returns'")
        }
        var values: [String: Value] = [:]
        for (name, type) in types.sorted(by: { $0.key < $1.key }) {
            guard let text = texts[name] else {
                if case .optional = type {
                    values[name] = .null
                    continue
                }
                throw OpsError(
                    .mismatch, "it did not write the output '\(name)'",
                    hint: "write '\(name)=…' to the file \"$OPS_OUTPUT\"")
            }
            values[name] = try value(text, type, name, step)
        }
        return values
    }

    /// How the secret that an output holds is called.
    static func secretName(_ name: String, _ step: StepOptions) -> String { "\(step.step).\(name)" }

    /// The texts in the file by name; of a name written twice the last counts.
    static func parse(_ bytes: [UInt8]) throws(OpsError) -> [String: String] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw OpsError(.mismatch, "the file OPS_OUTPUT is not UTF-8")
        }
        var texts: [String: String] = [:]
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var index = 0
        func wrong(_ line: Int, _ problem: String) -> OpsError {
            OpsError(
                .mismatch, "line \(line + 1) of the file OPS_OUTPUT \(problem)",
                hint: "write 'name=value', or 'name<<END', lines, 'END'")
        }
        while index < lines.count {
            let start = index
            let line = lines[index]
            index += 1
            if line.allSatisfy(\.isWhitespace) { continue }
            let equals = line.firstIndex(of: "=") ?? line.endIndex
            if let mark = line.firstRange(of: "<<"), mark.lowerBound < equals {
                let name = String(line[..<mark.lowerBound])
                let delimiter = line[mark.upperBound...]
                guard !name.isEmpty, !delimiter.isEmpty else { throw wrong(start, "has no name or no delimiter") }
                guard let end = lines[index...].firstIndex(of: delimiter) else {
                    throw wrong(start, "starts '\(name)', but no line '\(delimiter)' ends it")
                }
                texts[name] = lines[index..<end].joined(separator: "\n")
                index = end + 1
            } else if equals < line.endIndex, equals > line.startIndex {
                texts[String(line[..<equals])] = String(line[line.index(after: equals)...])
            } else {
                throw wrong(start, "is not 'name=value'")
            }
        }
        return texts
    }

    private static func value(_ text: String, _ type: ValueType, _ name: String, _ step: StepOptions) throws(OpsError)
        -> Value
    {
        switch type {
        case .string, .any: return .string(text)
        case .secret: return .secret(Secret(names: [secretName(name, step)], bytes: Array(text.utf8)))
        case .optional(let inner): return text == "null" ? .null : try value(text, inner, name, step)
        case .null, .boolean, .integer, .number, .list, .map:
            let value: Value
            do { value = try JSONReader.value(text) } catch {
                throw OpsError(.mismatch, "the output '\(name)' must be \(type) as JSON", cause: error)
            }
            guard Self.is(value, type) else {
                throw OpsError(.mismatch, "the output '\(name)' must be \(type), and it is \(value.type)")
            }
            return value
        }
    }

    private static func `is`(_ value: Value, _ type: ValueType) -> Bool {
        switch (value, type) {
        case (_, .any), (.null, .optional), (.integer, .number): true
        case (.list(let items), .list(let element)): items.allSatisfy { Self.is($0, element) }
        case (_, .optional(let inner)): Self.is(value, inner)
        default: value.type == type
        }
    }
}
