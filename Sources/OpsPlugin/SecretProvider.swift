public import Logging
public import OpsCore

/// A reference to a secret: `scheme://path#field?key=value&…`.
public struct SecretReference: Sendable, Hashable, CustomStringConvertible {
    public var scheme: String
    /// What stands between `://` and `#` or `?`.
    public var path: String
    public var field: String?
    public var options: [String: String]
    /// The command of an `exec:` reference, which has no path.
    public var arguments: [String] = []
    /// As it was written; a reference is not a secret.
    public let description: String

    /// Of references that are commands.
    package static let commandScheme = "exec"

    /// A command whose standard output is the secret.
    ///
    /// - Parameter command: the program and its arguments; not empty.
    public init(command: [String]) {
        scheme = Self.commandScheme
        path = command.first ?? ""
        options = [:]
        arguments = command
        description = "exec: \(command.joined(separator: " "))"
    }

    /// Reads `scheme://path#field?key=value`. The path is not empty; the scheme is lower-case letters, digits
    /// and hyphens.
    ///
    /// Throws: an `OpsError` (`invalid`) that says what is missing. It does not quote the text, which may be a secret
    /// that was written in the wrong place.
    public init(_ text: String) throws(OpsError) {
        guard let separator = text.firstRange(of: "://") else {
            throw OpsError(
                .invalid, "this is no reference to a secret", hint: "write scheme://path#field")
        }
        scheme = String(text[..<separator.lowerBound])
        guard let first = scheme.utf8.first, (0x61...0x7A).contains(first),
            scheme.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            })
        else { throw OpsError(.invalid, "the scheme of a secret reference is lower-case letters, digits and hyphens") }
        var rest = text[separator.upperBound...]
        options = [:]
        if let mark = rest.lastIndex(of: "?") {
            for pair in rest[rest.index(after: mark)...].split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty else {
                    throw OpsError(
                        .invalid, "an option of a secret reference is not key=value", hint: "write ?key=value&…")
                }
                options[String(parts[0])] = String(parts[1])
            }
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: "#") {
            field = String(rest[rest.index(after: mark)...])
            guard field?.isEmpty == false else {
                throw OpsError(.invalid, "the secret reference names no field behind '#'")
            }
            rest = rest[..<mark]
        }
        path = String(rest)
        guard !path.isEmpty else { throw OpsError(.invalid, "the secret reference names no path behind '://'") }
        description = text
    }
}

/// What a plan can say of a secret without fetching it.
public enum SecretPresence: Sendable, Hashable { case present, missing, unknown }

/// Why a secret was not to be had. Only `missing` falls through to the next reference or to null.
public struct SecretFailure: Error, Sendable {
    public enum Reason: String, Sendable, CaseIterable { case missing, forbidden, unreachable, empty, invalid }

    public var reason: Reason
    public var message: String
    public var hint: String?

    public init(_ reason: Reason, _ message: String, hint: String? = nil) {
        self.reason = reason
        self.message = message
        self.hint = hint
    }
}

/// What a provider is given to fetch with.
public struct SecretContext: Sendable {
    /// The folder that relative paths in references are relative to: the recipe's.
    public var directory: String
    /// The environment that ops was started with.
    public var environment: [String: String]
    public var logger: Logger
    /// What the fetches of one run share.
    public var session: SecretSession
    /// The recipe's `secret-hosts`; nil where it does not limit them.
    public var hosts: SecretHosts?

    public init(
        directory: String, environment: [String: String], logger: Logger, session: SecretSession = SecretSession(),
        hosts: SecretHosts? = nil
    ) {
        self.directory = directory
        self.environment = environment
        self.logger = logger
        self.session = session
        self.hosts = hosts
    }
}

/// What a source says of a secret without giving its value.
public struct SecretProbe: Sendable, Hashable {
    /// A line for people: `version 3, expires in 12d`.
    public var text: String
    /// What changes when the value does; nil where the source numbers no versions.
    public var version: String?
    /// Seconds since 1970.
    public var expires: Double?

    public init(_ text: String, version: String? = nil, expires: Double? = nil) {
        self.text = text
        self.version = version
        self.expires = expires
    }
}

/// A source of secrets, chosen by a reference's scheme.
public protocol SecretProvider: Sendable {
    /// Such as `vault`.
    var scheme: String { get }
    var summary: String { get }
    /// A reference that shows the form.
    var example: String { get }
    /// For the manual: what a reference names, its options, how ops logs in, which variables it reads. Paragraphs of
    /// plain text; `code` between backticks.
    var manual: String { get }

    /// Checks the form of a reference. Throws an `OpsError` (`invalid`) with the remedy.
    func check(_ reference: SecretReference) throws(OpsError)

    /// What can be said without a request, a process or a write.
    func presence(of reference: SecretReference, _ context: SecretContext) -> SecretPresence

    /// The values, in the order of the references. Requests are batched and made once a path.
    func fetch(_ references: [SecretReference], _ context: SecretContext) async
        -> [Result<[UInt8], SecretFailure>]

    /// Whether the secret could be fetched, without reading its value where the source allows that.
    func probe(_ reference: SecretReference, _ context: SecretContext) async -> Result<
        SecretProbe, SecretFailure
    >

    /// True where each fetch makes a value of its own that lives for a while: it is fetched when it is needed, not before
    /// the first task.
    func isDynamic(_ reference: SecretReference) -> Bool

    /// Takes back what an earlier run that was killed made, by the ids it recorded (`SecretSession.owe`).
    func revoke(_ debts: [SecretDebt], _ context: SecretContext) async -> [Result<Void, SecretFailure>]
}

extension SecretProvider {
    public var manual: String { "" }

    public func isDynamic(_ reference: SecretReference) -> Bool { false }

    public func revoke(_ debts: [SecretDebt], _ context: SecretContext) async -> [Result<Void, SecretFailure>] {
        debts.map { _ in .failure(SecretFailure(.invalid, "'\(scheme)://' makes nothing that is to be revoked")) }
    }
}
