import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// The profiles of the shared `config` and `credentials` files (AWS SDKs and Tools Reference Guide, "Shared config and
/// credentials files").
struct AWSConfigFile: Sendable {
    typealias Section = [String: String]

    /// By name; what `credentials` says of one wins over `config`.
    private(set) var profiles: [String: Section] = [:]
    private(set) var ssoSessions: [String: Section] = [:]
    /// Settings of single services: by section, then `service.key`.
    private(set) var services: [String: Section] = [:]

    /// Reads `AWS_CONFIG_FILE` (`~/.aws/config`) and `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`); a file that
    /// is not there is empty.
    ///
    /// Throws: a `SecretFailure` (`invalid`, `forbidden`) with the file and the line, never its text.
    init(_ context: SecretContext) throws(SecretFailure) {
        for (variable, name) in [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")] {
            guard let path = Self.path(context, variable: variable, name: name) else { continue }
            guard FileStatus.find(path) != nil else { continue }
            let bytes = try TokenFile.bytes(path, source: "the AWS \(name) file")
            try read(String(decoding: bytes, as: UTF8.self), path: path, isCredentials: name == "credentials")
        }
    }

    /// Reads the text of one file.
    init(config text: String) throws(SecretFailure) { try read(text, path: "config", isCredentials: false) }

    private static func path(_ context: SecretContext, variable: String, name: String) -> String? {
        let home = context.environment["HOME"]
        guard let path = context.environment[variable], !path.isEmpty else { return home.map { $0 + "/.aws/" + name } }
        guard path.hasPrefix("~/"), let home else { return path }
        return home + path.dropFirst(1)
    }

    private mutating func read(_ text: String, path: String, isCredentials: Bool) throws(SecretFailure) {
        var section: (kind: String, name: String)?
        var parent: String?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let content = line.trimmed
            if content.isEmpty || content.hasPrefix("#") || content.hasPrefix(";") { continue }
            if content.hasPrefix("[") {
                guard let end = content.firstIndex(of: "]") else { throw Self.broken(path, index) }
                section = Self.section(content[content.index(after: content.startIndex)..<end], isCredentials)
                parent = nil
                continue
            }
            guard let equals = content.firstIndex(of: "=") else { throw Self.broken(path, index) }
            guard let section else { throw Self.broken(path, index) }
            var key = String(content[..<equals].trimmed).lowercased()
            let value = Self.withoutComment(content[content.index(after: equals)...])
            if line.first?.isWhitespace == true, let parent {
                key = parent + "." + key
            } else {
                parent = key
            }
            set(key, value, in: section)
        }
    }

    private static func broken(_ path: String, _ index: Int) -> SecretFailure {
        SecretFailure(.invalid, "line \(index + 1) of '\(path)' is neither a [section] nor key = value")
    }

    /// What the words in brackets open; other kinds are skipped.
    private static func section(_ text: Substring, _ isCredentials: Bool) -> (kind: String, name: String) {
        let words = text.split(maxSplits: 1) { $0.isWhitespace }
        if isCredentials { return ("profile", String(text.trimmed)) }
        guard words.count == 2 else { return (text.trimmed == "default" ? "profile" : "", String(text.trimmed)) }
        let name = words[1].trimmed
        let quotes = ["\"", "'"].contains { name.count > 1 && name.hasPrefix($0) && name.hasSuffix($0) }
        return (String(words[0]), String(quotes ? name.dropFirst().dropLast() : name))
    }

    private static func withoutComment(_ text: Substring) -> String {
        for mark in [" #", " ;", "\t#", "\t;"] {
            if let start = text.firstRange(of: mark) { return String(text[..<start.lowerBound].trimmed) }
        }
        return String(text.trimmed)
    }

    private mutating func set(_ key: String, _ value: String, in section: (kind: String, name: String)) {
        switch section.kind {
        case "profile": profiles[section.name, default: [:]][key] = value
        case "sso-session": ssoSessions[section.name, default: [:]][key] = value
        case "services": services[section.name, default: [:]][key] = value
        default: break
        }
    }
}

extension Substring {
    /// Without white space at its ends.
    fileprivate var trimmed: Substring {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return self[start...end]
    }
}
