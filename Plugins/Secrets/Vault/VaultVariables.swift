import OpsCore
import OpsPlugin
import OpsSystem

/// The variables that the `vault` and `bao` commands read, and those that choose a login.
///
/// `BAO_X` is preferred to `VAULT_X` even where it is set to nothing, which then hides the other.
struct VaultVariables: Sendable {
    private let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    /// The value of `BAO_X` or `VAULT_X`; nil where it is empty or not set.
    subscript(name: String) -> String? {
        environment[self.name(name)].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A variable that has no twin, such as `HOME`.
    func plain(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// What messages call a variable: the name that is set, else `VAULT_X`.
    func name(_ name: String) -> String { environment["BAO_" + name] != nil ? "BAO_" + name : "VAULT_" + name }

    /// A switch as Go's `strconv.ParseBool` reads it, which the official client uses.
    func flag(_ name: String) throws(SecretFailure) -> Bool {
        guard let text = self[name] else { return false }
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": return true
        case "0", "f", "F", "FALSE", "false", "False": return false
        default: throw SecretFailure(.invalid, "\(self.name(name)) is neither true nor false")
        }
    }

    /// A time such as `60`, in seconds, or `1m30s`.
    func duration(_ name: String) throws(SecretFailure) -> Duration? {
        guard let text = self[name] else { return nil }
        guard let time = Int(text).map({ Duration.seconds($0) }) ?? Duration.parse(text), time > .zero else {
            throw SecretFailure(.invalid, "\(self.name(name)) is not a time", hint: "write 60s or 1m30s")
        }
        return time
    }

    /// The content of the file that a variable names.
    func file(_ name: String) throws(SecretFailure) -> [UInt8]? {
        guard let path = self[name] else { return nil }
        return try Self.read(path, self.name(name))
    }

    /// A value that stands in a variable, or without white space at its ends in the file that `X_FILE` names.
    func text(_ name: String) throws(SecretFailure) -> String? {
        if let text = self[name] { return text }
        guard let bytes = try file(name + "_FILE") else { return nil }
        return Self.trimmed(bytes)
    }

    /// Throws: a `SecretFailure` (`invalid`) that names the variable and the path.
    static func read(_ path: String, _ variable: String) throws(SecretFailure) -> [UInt8] {
        do throws(OpsError) {
            return try readFile(path, limit: 1 << 20)
        } catch {
            throw SecretFailure(.invalid, "\(variable) names a file that cannot be used: \(error.message)")
        }
    }

    /// The first word of a file; nil where it holds none.
    static func trimmed(_ bytes: [UInt8]) -> String? {
        String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }.first.map(String.init)
    }
}
