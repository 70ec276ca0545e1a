import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// Gets the key that a file's values are encrypted with, from whatever wraps it (sops, "Key groups").
struct SopsDataKey: Sendable {
    private let reference: SecretReference
    private let context: SecretContext
    private let services: SopsKeyServices

    /// Kinds in the order they are tried: no program or server is asked where a local key does.
    private static let order = ["age", "pgp"] + SopsKeyServices.kinds
    private static let wrappingLimit = 200

    init(_ reference: SecretReference, _ context: SecretContext, _ services: SopsKeyServices) {
        self.reference = reference
        self.context = context
        self.services = services
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

    private static func groups(_ metadata: Value) throws(SecretFailure) -> [[SopsWrapping]] {
        func wrappings(_ value: Value) -> [SopsWrapping] {
            (value.mapValue ?? [:]).flatMap { kind, value in
                (value.listValue ?? []).filter { $0["enc"] != nil }.map { SopsWrapping(kind: kind, fields: $0) }
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
    private func part(_ group: [SopsWrapping]) async throws(SecretFailure) -> [UInt8] {
        func rank(_ wrapping: SopsWrapping) -> Int { Self.order.firstIndex(of: wrapping.kind) ?? Self.order.count }
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

    private func unwrap(_ wrapping: SopsWrapping) async throws(SecretFailure) -> [UInt8] {
        switch wrapping.kind {
        case "age":
            let sources = AgeIdentitySources(reference, context, takesPassphrases: false)
            return try await sources.open(
                Array(wrapping.sealed.utf8), place: wrapping.name, recipient: wrapping.fields["recipient"]?.stringValue
            ) { (file, identities, isCancelled) throws(AgeError) -> [UInt8] in
                try file.decrypt(with: identities, isCancelled: isCancelled)
            }
        case "pgp":
            let program = SecretProgram(
                name: context.environment["SOPS_GPG_EXEC"].flatMap { $0.isEmpty ? nil : $0 } ?? "gpg",
                arguments: ["--batch", "--quiet", "--decrypt"], input: Array(wrapping.sealed.utf8),
                environment: context.environment, directory: context.directory, limit: .seconds(60),
                installation: "install gnupg, which opens PGP keys")
            return try await output(of: program, wrapping)
        default:
            let key: [UInt8]?
            do throws(SecretFailure) {
                key = try await services.unwrapped(wrapping, context)
            } catch {
                throw SecretFailure(error.reason, "\(wrapping.name): \(error.message)", hint: error.hint)
            }
            if let key { return key }
            let name = wrapping.kind == "hckms" ? "Huawei Cloud KMS" : "a key service that ops does not know"
            throw SecretFailure(
                .forbidden, "\(wrapping.name) is of \(name), which ops does not ask",
                hint: "add an age recipient to the file, or decrypt it with exec: and sops itself")
        }
    }

    private func output(of program: SecretProgram, _ wrapping: SopsWrapping) async throws(SecretFailure) -> [UInt8] {
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
