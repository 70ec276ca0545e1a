import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// Gets the key that a file's values are encrypted with, from whatever wraps it (sops, "Key groups").
struct SopsDataKey: Sendable {
    /// One wrapping of a data key, or of a share of it.
    private struct Wrapping {
        /// As the metadata names it: `age`, `pgp`, `kms` …
        var kind: String
        var fields: Value

        /// Which key unwraps it, for messages.
        var name: String {
            let id = ["recipient", "fp", "arn", "resource_id", "name", "key_name", "key_id"].lazy
                .compactMap { fields[$0]?.scalarText }.first
            return id.map { "\(kind) key \($0.prefix(120))" } ?? "\(kind) key"
        }
    }

    private let reference: SecretReference
    private let context: SecretContext

    private static let others = [
        "gcp_kms": "Google Cloud KMS", "azure_kv": "Azure Key Vault", "hc_vault": "Vault's transit engine",
        "hckms": "Huawei Cloud KMS",
    ]
    /// Kinds in the order they are tried: no program or server is asked where a local key does.
    private static let order = ["age", "pgp", "kms"]
    private static let wrappingLimit = 200

    init(_ reference: SecretReference, _ context: SecretContext) {
        self.reference = reference
        self.context = context
    }

    /// Throws: a `SecretFailure` that continues the file's name: `forbidden` where no key at hand unwraps it,
    /// `unreachable` where a server that might was not reached.
    func unwrapped(_ metadata: Value) async throws(SecretFailure) -> [UInt8] {
        let groups = try Self.groups(metadata)
        guard groups.count > 1 else { return try await part(groups[0]) }
        let stated = metadata["shamir_threshold"]?.scalarText.flatMap { Int($0) } ?? 0
        let threshold = stated > 0 ? stated : groups.count
        var shares: [[UInt8]] = []
        var failures: [SecretFailure] = []
        for group in groups where shares.count < threshold {
            do throws(SecretFailure) {
                shares.append(try await part(group))
            } catch {
                failures.append(error)
            }
        }
        guard shares.count >= threshold else {
            throw SecretFailure(
                failures.contains { $0.reason == .unreachable } ? .unreachable : .forbidden,
                "needs keys of \(threshold) of its \(groups.count) key groups, of which \(shares.count) are at hand: "
                    + failures.map(\.message).joined(separator: "; "), hint: failures.lazy.compactMap(\.hint).first)
        }
        guard let key = Shamir.combine(shares) else {
            throw SecretFailure(.invalid, "has key groups whose shares make no data key")
        }
        return key
    }

    private static func groups(_ metadata: Value) throws(SecretFailure) -> [[Wrapping]] {
        func wrappings(_ value: Value) -> [Wrapping] {
            (value.mapValue ?? [:]).flatMap { kind, value in
                (value.listValue ?? []).filter { $0["enc"] != nil }.map { Wrapping(kind: kind, fields: $0) }
            }
        }
        let single = wrappings(metadata)
        var groups = single.isEmpty ? (metadata["key_groups"]?.listValue ?? []).map(wrappings) : [single]
        groups.removeAll(where: \.isEmpty)
        guard !groups.isEmpty else { throw SecretFailure(.invalid, "names no key that it was encrypted for") }
        guard groups.joined().count <= wrappingLimit else {
            throw SecretFailure(.invalid, "is encrypted for more than \(wrappingLimit) keys")
        }
        return groups
    }

    /// What any of a group's keys unwraps.
    private func part(_ group: [Wrapping]) async throws(SecretFailure) -> [UInt8] {
        func rank(_ wrapping: Wrapping) -> Int { Self.order.firstIndex(of: wrapping.kind) ?? Self.order.count }
        let sorted = group.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
        var failures: [SecretFailure] = []
        for (_, wrapping) in sorted {
            do throws(SecretFailure) {
                return try await unwrap(wrapping)
            } catch {
                failures.append(error)
            }
        }
        let reason: SecretFailure.Reason = failures.contains { $0.reason == .unreachable } ? .unreachable : .forbidden
        throw SecretFailure(
            reason,
            "has a data key that none of the keys at hand opens: "
                + failures.prefix(8).map(\.message).joined(separator: "; "),
            hint: failures.lazy.compactMap(\.hint).first)
    }

    private func unwrap(_ wrapping: Wrapping) async throws(SecretFailure) -> [UInt8] {
        let sealed = wrapping.fields["enc"]?.stringValue ?? ""
        switch wrapping.kind {
        case "age":
            let sources = AgeIdentitySources(reference, context, takesPassphrases: false)
            return try await sources.open(
                Array(sealed.utf8), place: wrapping.name, recipient: wrapping.fields["recipient"]?.stringValue
            ) { (file, identities, isCancelled) throws(AgeError) -> [UInt8] in
                try file.decrypt(with: identities, isCancelled: isCancelled)
            }
        case "pgp":
            let program = SecretProgram(
                name: context.environment["SOPS_GPG_EXEC"].flatMap { $0.isEmpty ? nil : $0 } ?? "gpg",
                arguments: ["--batch", "--quiet", "--decrypt"], input: Array(sealed.utf8),
                environment: context.environment, directory: context.directory, limit: .seconds(60),
                installation: "install gnupg, which opens PGP keys")
            return try await output(of: program, wrapping)
        case "kms": return try await amazon(wrapping, sealed)
        default:
            let name = Self.others[wrapping.kind] ?? "a key service that ops does not know"
            throw SecretFailure(
                .forbidden, "\(wrapping.name) is of \(name), which ops does not ask",
                hint: "add an age recipient to the file, or decrypt it with exec: and sops itself")
        }
    }

    private func amazon(_ wrapping: Wrapping, _ sealed: String) async throws(SecretFailure) -> [UInt8] {
        let arn = (wrapping.fields["arn"]?.stringValue ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard arn.count >= 6, arn[0] == "arn", arn[2] == "kms", !arn[3].isEmpty,
            arn[3].utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }),
            let bytes = Base64.decode(Array(sealed.utf8))
        else { throw SecretFailure(.invalid, "\(wrapping.name) has no ARN of KMS, or no base64") }
        guard wrapping.fields["role"]?.stringValue ?? "" == "" else {
            throw SecretFailure(.forbidden, "\(wrapping.name) is opened through a role, which ops does not assume")
        }
        let domain = arn[1] == "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com"
        try context.permit(host: "kms.\(arn[3]).\(domain)", port: 443)
        var arguments = [
            "kms", "decrypt", "--region", String(arn[3]), "--ciphertext-blob", "fileb:///dev/stdin", "--output", "text",
            "--query", "Plaintext",
        ]
        if let profile = wrapping.fields["aws_profile"]?.stringValue, !profile.isEmpty {
            arguments += ["--profile", profile]
        }
        if let pairs = wrapping.fields["context"], pairs.mapValue?.isEmpty == false {
            arguments += ["--encryption-context", JSONWriter.text(pairs)]
        }
        let program = SecretProgram(
            name: "aws", arguments: arguments, input: bytes, environment: context.environment,
            directory: context.directory, limit: .seconds(60), installation: "install the AWS command-line tool")
        guard let key = Base64.decode(try await output(of: program, wrapping)) else {
            throw SecretFailure(.invalid, "\(wrapping.name): 'aws kms decrypt' did not print base64")
        }
        return key
    }

    private func output(of program: SecretProgram, _ wrapping: Wrapping) async throws(SecretFailure) -> [UInt8] {
        let answer: SecretProgram.Answer
        do throws(SecretFailure) {
            answer = try await program.run()
        } catch {
            throw SecretFailure(error.reason, "\(wrapping.name): \(error.message)", hint: error.hint)
        }
        guard answer.status.isSuccess else {
            throw SecretFailure(.forbidden, "\(wrapping.name): '\(program.name)' failed \(answer.ending)")
        }
        return answer.output
    }
}
