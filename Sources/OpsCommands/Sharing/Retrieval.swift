import OpsCore
import OpsRecipe
import OpsRegistry
import OpsSharing
import OrderedCollections

/// One pull of a recipe or plugin, from the registry to what is said of it.
struct Retrieval {
    let kind: ArtifactKind
    let reference: ImageReference
    /// Absolute.
    let target: String
    let signatures: SignatureOptions
    let registry: RegistryOptions
    let format: OutputFormat
    let context: CommandContext

    /// - Parameter check: looks at the folder before it takes its name.
    /// Throws: an `OpsError`; then nothing has changed.
    func perform(_ check: @escaping @Sendable (String) throws -> Void = { _ in }) async throws {
        let policy = try context.policy()
        let client = try registry.client(reference, context, policy)
        let rules = try signatures.rules(context, policy)
        let pull = ArtifactPull(PublishedArtifact(kind, at: reference, client: client))
        let found = try await pull.find(for: PlatformName.host)
        // Before anything of it is on the disk.
        let signature = try await rules.check(found.digest, of: kind, at: reference, client: client)
        if let warning = signature.warning { Console.error("ops: warning: \(warning)\n") }
        let count = try await pull.unpack(found, to: target, check: check)
        let pinned = "oci://\(reference.pinned(to: found.digest))"
        if format == .json {
            let value: Value = .map([
                "reference": .string("oci://\(reference)"), "digest": .string(found.digest.description),
                "pinned": .string(pinned), "folder": .string(target), "files": .integer(count),
                "signer": signature.signer.map { .string($0) } ?? .null,
                "key": signature.fingerprint.map { .string($0) } ?? .null,
            ])
            try Console.output(JSONWriter.text(value, indentation: 2) + "\n")
            return
        }
        var text = "\(pinned)\n"
        text += "\(count) file\(count == 1 ? "" : "s")\n"
        if let signer = signature.signer { text += "signed by \(signer) (\(signature.fingerprint ?? ""))\n" }
        try Console.output(text)
    }
}
