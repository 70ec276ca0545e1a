package import OpsCore
import OpsSystem

/// Whether what others publish must be signed.
package enum SignatureMode: String, Sendable, CaseIterable, Comparable {
    /// Nobody looks.
    case off
    /// A missing or unknown signature is told.
    case warn
    /// A missing or unknown signature is an error.
    case require

    package static func < (left: SignatureMode, right: SignatureMode) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What the project and the machine allow (ops-recipe(5), "Policy"). All its files hold at once: one more never allows
/// what another forbids.
package struct Policy: Sendable {
    package var files: [PolicyFile] = []

    /// Allows all.
    package init() {}

    package init(_ files: [PolicyFile]) { self.files = files }

    /// The strictest that a file says; `warn` where none says it.
    package var signatures: SignatureMode { files.compactMap(\.signatures).max() ?? .warn }

    /// The most that a recipe may touch, one layer for each file that limits it.
    package var ceilings: [Grants] { files.compactMap(\.ceiling) }

    /// Why nothing may be fetched from a server; nil where it may.
    package func refusal(ofHost host: String, port: Int) -> OpsError? {
        for file in files {
            guard let hosts = file.hosts, !hosts.contains(where: { $0.covers(host: host, port: port) }) else {
                continue
            }
            return file.refusal("the server '\(host)'", "hosts", hosts.map(\.text))
        }
        return nil
    }

    /// Why nothing may be fetched from a place in a registry, or put there; nil where it may.
    ///
    /// - Parameter registry: `host` or `host:port`.
    package func refusal(ofRegistry registry: String, repository: String) -> OpsError? {
        let place = "\(registry.lowercased())/\(repository)"
        for file in files {
            guard let allowed = file.registries,
                !allowed.contains(where: { place == $0.text || place.hasPrefix($0.text + "/") })
            else { continue }
            return file.refusal("'\(place)'", "registries", allowed.map(\.text))
        }
        return nil
    }

    /// Why a signature by somebody does not count; nil where it does.
    ///
    /// - Parameter signer: a principal of an `allowed_signers` file (ssh-keygen(1)).
    package func refusal(ofSigner signer: String) -> OpsError? {
        for file in files {
            guard let signers = file.signers, !signers.contains(where: { NamePattern($0.text).matches(signer) }) else {
                continue
            }
            return file.refusal("the signer '\(signer)'", "signers", signers.map(\.text))
        }
        return nil
    }

    /// True where a file says that something is taken into a lock without a question, and no file that says what is
    /// leaves it out.
    ///
    /// - Parameters:
    ///   - digest: `sha256:…`, of what is to be trusted.
    ///   - signers: the names of the key whose signature counted.
    package func trusts(_ digest: String, signers: [String]) -> Bool {
        let lists = files.compactMap(\.trust)
        return !lists.isEmpty
            && lists.allSatisfy { list in
                list.contains { item in
                    let pattern = NamePattern(item.text)
                    return item.text == digest || signers.contains { pattern.matches($0) }
                }
            }
    }

    /// What a recipe does that the policy does not allow, the recipes that it includes among it.
    package func check(_ recipe: Recipe) -> [Diagnostic] {
        PermissionChecker.check(recipe, ceilings: ceilings) + PolicyRules.check(recipe, files.flatMap(\.rules))
    }
}

/// One policy file.
package struct PolicyFile: Sendable {
    /// As messages name it.
    package var name: String
    /// The servers that recipes and plugins may come from; nil is any.
    package var hosts: [PolicyHost]?
    /// `host`, or `host/repository` and all below it, in lower case; nil is any.
    package var registries: [Permissions.Item]?
    /// Names of those whose signatures count; nil is all that the keys are known of.
    package var signers: [Permissions.Item]?
    package var signatures: SignatureMode?
    /// Digests and signers that need no question; nil is none.
    package var trust: [Permissions.Item]?
    package var ceiling: Grants?
    package var rules: [PolicyRule] = []

    package init(name: String) { self.name = name }

    func refusal(_ what: String, _ key: String, _ allowed: [String]) -> OpsError {
        OpsError(
            .forbidden, "the policy \(name) does not allow \(what)",
            hint: allowed.isEmpty
                ? "its '\(key)' allows none" : "its '\(key)' allows \(allowed.joined(separator: ", "))"
        )
    }
}

/// A server that a policy allows: `host`, `host:port`, `*.domain` or `*`.
package struct PolicyHost: Sendable {
    package var text: String
    private var grant: NetworkGrant

    init?(_ text: String) {
        guard let grant = NetworkGrant(text) ?? NetworkGrant(text + ":*") else { return nil }
        self.text = text
        self.grant = grant
    }

    func covers(host: String, port: Int) -> Bool {
        guard var other = NetworkGrant("*:\(port)") else { return false }
        other.host = host.lowercased()
        return grant.covers(other)
    }
}

/// A name in which `*` stands for any text.
struct NamePattern: Sendable {
    private let parts: [Substring]
    let text: String

    init(_ text: String) {
        self.text = text
        parts = text.split(separator: "*", omittingEmptySubsequences: false)
    }

    func matches(_ name: String) -> Bool {
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return name == text }
        guard name.hasPrefix(first), name.count >= first.count + last.count, name.hasSuffix(last) else { return false }
        var rest = name.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }

    /// True where a text that is known only to begin and to end so may match.
    func mayMatch(beginning: String, end: String) -> Bool {
        guard parts.count > 1, let first = parts.first, let last = parts.last else {
            return text.hasPrefix(beginning) && text.hasSuffix(end)
        }
        return (first.hasPrefix(beginning) || beginning.hasPrefix(first))
            && (last.hasSuffix(end) || end.hasSuffix(last))
    }
}
