import OpsArchive
import OpsCore
import OpsRecipe
import OpsRegistry
import OpsReport
import OpsSSH
import OpsSharing
import OpsSystem
import OrderedCollections

/// One push of a recipe or plugin, from the folders to what is said of it.
struct Publication {
    let kind: ArtifactKind
    let reference: ImageReference
    /// With the platform's name, where it is for one.
    let parts: [(name: String?, part: PackedArtifact.Part)]
    let isIndex: Bool
    let annotations: ValueMap
    let options: PublishOptions
    let registry: RegistryOptions
    let context: CommandContext

    /// Pushes, or with `--dry-run` says what would be pushed; prints the result.
    ///
    /// Throws: an `OpsError`.
    func perform() async throws {
        try ArtifactPush.check(reference)
        let policy = try context.policy()
        try RegistryOptions.check(reference, policy)
        for (name, part) in parts {
            let files = part.folder.secretLooking
            guard !files.isEmpty else { continue }
            let place = name.map { " for \($0)" } ?? ""
            Console.error(
                "ops: warning: \(files.joined(separator: ", "))\(place): what looks like a secret is published; --exclude leaves it out\n"
            )
        }
        if options.dryRun { try await plan() } else { try await push(policy) }
    }

    private func plan() async throws {
        let (kind, parts, isIndex, annotations) = (kind, parts.map(\.part), isIndex, annotations)
        let artifact = try await onThread { cancellation in
            try PackedArtifact.planned(
                kind, parts, isIndex: isIndex, annotations: annotations, cancellation: cancellation)
        }
        let key = try options.keyFile(context).map { (file) throws(OpsError) in
            try SSHSigner.publicKey(file).fingerprint
        }
        if options.format == .json {
            try Console.output(
                JSONWriter.text(json(artifact, signer: key, extra: ["files": files]), indentation: 2) + "\n")
            return
        }
        var text = "\(place) would be \(artifact.root.digest)\n"
        for (name, part) in self.parts {
            if let name { text += "\(name):\n" }
            var table = TableText(width: nil)
            for entry in part.folder.entries {
                table.row([Self.mark(of: entry), entry.path, Self.detail(of: entry)])
            }
            text += table.text
        }
        text += summary(artifact) + "\n"
        for (name, value) in annotations {
            text += "\(name.split(separator: ".").last ?? ""): \(value.stringValue ?? "")\n"
        }
        if let key { text += "would be signed by \(key)\n" }
        try Console.output(text)
    }

    private func push(_ policy: Policy) async throws {
        let push = try ArtifactPush(kind, to: reference, client: try registry.client(reference, context, policy))
        var signer: SSHSigner?
        // Before anything is sent: a key that cannot sign is an error of the command line.
        if let file = options.keyFile(context) {
            signer = try await SSHSigner.find(file, environment: context.environment)
        }
        let report = try await push(
            parts.map(\.part), isIndex: isIndex, annotations: annotations, temporary: context.temporary,
            signer: signer)
        if options.format == .json {
            let value = json(report.artifact, signer: report.signature?.fingerprint, extra: [:])
            try Console.output(JSONWriter.text(value, indentation: 2) + "\n")
            return
        }
        var text = "\(place) \(report.hasMovedTag ? "is now" : "was already") \(report.artifact.root.digest)\n"
        text += summary(report.artifact) + "\n"
        if let signature = report.signature {
            text += "\(signature.isNew ? "signed" : "was already signed") by \(signature.fingerprint)\n"
        }
        try Console.output(text)
    }

    private static func mark(of entry: ArchiveEntry) -> String {
        if case .symlink = entry.content { return "link" }
        return entry.mode & 0o111 == 0 ? "file" : "exec"
    }

    private static func detail(of entry: ArchiveEntry) -> String {
        if case .symlink(let target) = entry.content { return "to \(target)" }
        return ByteSize.text(entry.size)
    }

    private var place: String { "oci://\(reference)" }

    private func summary(_ artifact: PackedArtifact) -> String {
        let count = parts.reduce(0) { $0 + $1.part.folder.entries.count }
        let size = parts.reduce(0) { $0 + $1.part.folder.size }
        let packed = artifact.layers.reduce(0) { $0 + $1.size }
        return "\(count) file\(count == 1 ? "" : "s"), \(ByteSize.text(size)), packed \(ByteSize.text(packed))"
    }

    private var files: Value {
        .list(
            parts.flatMap { name, part in
                part.folder.entries.map { entry in
                    var map: ValueMap = [
                        "path": .string(entry.path), "mode": .string(String(entry.mode, radix: 8)),
                        "size": .integer(entry.size),
                    ]
                    if let name { map["platform"] = .string(name) }
                    if case .symlink(let target) = entry.content { map["target"] = .string(target) }
                    return .map(map)
                }
            })
    }

    private func json(_ artifact: PackedArtifact, signer: String?, extra: ValueMap) -> Value {
        let value: ValueMap = [
            "reference": .string(place), "digest": .string(artifact.root.digest.description),
            "pinned": .string("oci://\(reference.pinned(to: artifact.root.digest))"),
            "size": .integer(artifact.layers.reduce(0) { $0 + $1.size }),
            "signer": signer.map { .string($0) } ?? .null, "annotations": .map(annotations),
        ]
        return .map(value.merging(extra) { own, _ in own })
    }
}
