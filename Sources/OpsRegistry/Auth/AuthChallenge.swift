/// One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1).
package struct AuthChallenge: Sendable, Equatable {
    /// Lower-case: `bearer`, `basic`.
    package var scheme: String
    /// By lower-case name.
    package var parameters: [String: String]

    package init(scheme: String, parameters: [String: String]) {
        self.scheme = scheme
        self.parameters = parameters
    }

    /// The challenges of all such headers of an answer, in order.
    ///
    /// Lenient where registries are: values may be bare, and a bare scope may hold commas. What cannot be
    /// understood is left out.
    package static func parse(_ headers: [String]) -> [AuthChallenge] {
        headers.flatMap { header -> [AuthChallenge] in
            var parser = ChallengeParser(header)
            return parser.challenges()
        }
    }
}

private struct ChallengeParser {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func challenges() -> [AuthChallenge] {
        var result: [AuthChallenge] = []
        while true {
            skip { $0 == 0x20 || $0 == 0x09 || $0 == UInt8(ascii: ",") }
            guard index < bytes.count else { return result }
            let name = take(Self.isToken)
            guard !name.isEmpty else {
                index += 1
                continue
            }
            let end = index
            skip { $0 == 0x20 || $0 == 0x09 }
            if at("="), !result.isEmpty {
                index += 1
                skip { $0 == 0x20 || $0 == 0x09 }
                result[result.count - 1].parameters[name.lowercased()] = value()
            } else {
                index = end
                result.append(AuthChallenge(scheme: name.lowercased(), parameters: [:]))
            }
        }
    }

    private mutating func value() -> String {
        at("\"") ? quoted() : bare()
    }

    private mutating func quoted() -> String {
        index += 1
        var text: [UInt8] = []
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count { index += 1 }
            text.append(bytes[index])
            index += 1
        }
        index += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func bare() -> String {
        var text = take { $0 != UInt8(ascii: ",") && $0 != 0x20 && $0 != 0x09 }
        // `scope=repository:a:pull,push`: what follows the comma is no parameter and no scheme.
        while at(",") {
            let comma = index
            index += 1
            let piece = take(Self.isToken)
            guard !piece.isEmpty, index >= bytes.count || at(",") else {
                index = comma
                break
            }
            text += "," + piece
        }
        return text
    }

    private func at(_ character: Unicode.Scalar) -> Bool {
        index < bytes.count && bytes[index] == UInt8(ascii: character)
    }

    private mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        while index < bytes.count, isSkipped(bytes[index]) { index += 1 }
    }

    private mutating func take(_ isTaken: (UInt8) -> Bool) -> String {
        let start = index
        skip(isTaken)
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// RFC 9110, section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
