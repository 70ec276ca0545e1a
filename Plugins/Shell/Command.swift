import OpsCore
import OpsPlugin

/// What `run` was given: a script or a command.
enum Command {
    case script(String, Interpreter)
    /// Spliced: no lists in it any more; may hold unknowns while planning.
    case command([Value])

    /// Throws: an `OpsError` (`invalid`) where it can be neither.
    init(_ arguments: Arguments, shell: [String]) throws(OpsError) {
        let value = arguments["command"]
        switch value {
        case .string(let text):
            guard text.contains(where: { !$0.isWhitespace }) else { throw OpsError(.invalid, "the script is empty") }
            guard !text.utf8.contains(0) else { throw OpsError(.invalid, "the script holds a zero byte") }
            self = .script(text, try Interpreter(shell))
        case .list(let items):
            var words: [Value] = []
            for item in items {
                if case .list(let inner) = item { words += inner } else { words.append(item) }
            }
            guard !words.isEmpty else { throw OpsError(.invalid, "the command is empty") }
            for (index, word) in words.enumerated() { try Self.check(word, index) }
            self = .command(words)
        case .secret: throw OpsError(.invalid, "a script cannot be a secret", hint: Self.secretHint)
        default:
            throw OpsError(
                .invalid, "'run' needs script text or a list of a program and its arguments, got \(value.type)")
        }
    }

    private static let secretHint = "hand it over in 'env' or 'stdin'"

    private static func check(_ word: Value, _ index: Int) throws(OpsError) {
        let name = index == 0 ? "the program" : "argument \(index)"
        switch word {
        case .secret(let secret):
            throw OpsError(
                .invalid, "\(name) is a secret (\(secret.names.joined(separator: ", "))), which every user could see",
                hint: secretHint)
        case .null:
            throw OpsError(
                .invalid, "\(name) is null", hint: "a list can leave it out: \"${{ if(x == null, [], [x]) }}\"")
        case .list, .map: throw OpsError(.invalid, "\(name) is a \(word.type)", hint: "use join or toJSON")
        case .unknown: return
        default:
            guard word.scalarText?.utf8.contains(0) == false else {
                throw OpsError(.invalid, "\(name) holds a zero byte")
            }
            guard index > 0 || word.scalarText?.isEmpty == false else {
                throw OpsError(.invalid, "the program is empty text")
            }
        }
    }

    /// The words of a command that holds nothing unknown.
    static func words(of values: [Value]) throws(OpsError) -> [String] {
        var words: [String] = []
        for value in values {
            guard let text = value.scalarText else { throw OpsError(.invalid, "an argument is not known") }
            words.append(text)
        }
        return words
    }

    /// As one would type it, in at most about 200 characters; what is not known is shown as its expression.
    static func summary(of words: [Value]) -> String {
        shortened(
            words.map { word in
                if case .unknown(let unknown) = word { return "${{ \(unknown.source) }}" }
                return quoted(word.scalarText ?? "")
            }.joined(separator: " "))
    }

    /// The first line that says something.
    static func summary(ofScript text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.drop { $0.isWhitespace } }.filter { !$0.isEmpty }
        let first = lines.first { !$0.hasPrefix("#") } ?? lines.first ?? ""
        return shortened(String(first)) + (lines.count > 1 ? " …" : "")
    }

    private static func shortened(_ text: String) -> String {
        text.count > 200 ? text.prefix(199) + "…" : text
    }

    private static func quoted(_ word: String) -> String {
        if !word.isEmpty, word.utf8.allSatisfy(isPlain) { return word }
        var text = "'"
        for character in word {
            switch character {
            case "'": text += "'\\''"
            // A plan is read on a terminal: control characters are shown, not sent.
            case _ where character.unicodeScalars.contains { $0.properties.generalCategory == .control }: text += "␤"
            default: text.append(character)
            }
        }
        return text + "'"
    }

    /// True for what no shell gives a meaning to.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_-./:=@%+,^".utf8.contains(byte)
        }
    }
}
