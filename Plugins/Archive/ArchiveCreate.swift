import Crypto
import OpsArchive
import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

/// `archive.create`.
struct ArchiveCreate: Action {
    let declaration = ActionDeclaration(
        name: "archive.create",
        summary: "Make a tar or zip of files, bit for bit the same for the same files",
        description: """
            The bytes depend on the files' content, names and permissions and nothing else: entries are in byte order, \
            belong to 0:0 unless owner says otherwise, and all have one time, SOURCE_DATE_EPOCH from the step's \
            environment or else 1980-01-01. Links are kept as links; folders are entries only where an item names or \
            matches them. A file that changes while it is read is an error.

            The archive is read back and compared with what went in, and then takes its name at once: it is there \
            whole or not at all. The archive itself is never among its files.
            """,
        parameters: [
            Parameter(
                "output", .path(.write), "The archive to make", required: true, example: .string("dist/app.tar.zst")),
            Parameter("files", .list(.record(FileSet.parameters)), "What goes in", required: true),
            Parameter(
                "format", .choice(ArchiveFormat.all.map(\.description)),
                "What to make; what the name of `output` says where left out"),
            Parameter(
                "level", .integer,
                "Compression, higher is smaller and slower: gzip and zip 1 to 9 (6 where left out), zstd 1 to 19 (3), xz 0 to 9 (6)"
            ),
        ],
        outputs: [
            OutputDeclaration("path", .string, "The archive, as `output` gives it"),
            OutputDeclaration("digest", .string, "Its SHA-256: `sha256:` and 64 hexadecimal digits"),
            OutputDeclaration("size", .integer, "Its size in bytes"),
            OutputDeclaration("entries", .integer, "How many entries it has"),
        ],
        examples: [
            ActionExample(
                "An executable with its documentation",
                """
                archive.create:
                  output: dist/app.tar.zst
                  files:
                    - { from: build/app, to: bin/app, mode: "0755" }
                    - { from: docs, to: share/doc/app, exclude: [ "*.tmp" ] }
                    - { from: "LICENSE*", to: share/doc/app/ }
                """),
            ActionExample(
                "A zip, made as small as it gets",
                """
                archive.create: { output: site.zip, level: 9, files: [ { from: public, to: site } ] }
                """),
        ])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        var effects: [Effect] = []
        let output = arguments.plannedString("output").map { context.absolute($0) }
        for item in try plannedItems(arguments) {
            guard let from = item.plannedString("from") else { continue }
            var effect = Effect(.read, from)
            if !item.isUnknown("exclude"), context.isSettled(context.absolute(from)),
                context.isSettled(context.absolute(Glob.folder(of: from)))
            {
                let known = Arguments(item.values.filter { !$0.value.containsUnknown }, label: item.label)
                let entries = try await onThread { _ in
                    try FileSet.resolve([known], in: context.directory, output: output)
                }
                let files = entries.count { if case .file = $0.content { true } else { false } }
                effect.detail =
                    "\(files) file\(files == 1 ? "" : "s"), \(ByteSize.text(entries.reduce(0) { $0 + $1.size }))"
            }
            effects.append(effect)
        }
        guard let output = arguments.plannedString("output") else {
            return ActionPlan(effects: effects + [Effect(.write, "<output>", detail: "known in the run")])
        }
        let format = try format(arguments, output)
        effects.append(Effect(.write, output, detail: format.description))
        return ActionPlan(effects: effects, outputs: ["path": .string(output)])
    }

    /// The items known so far; the list itself may be unknown.
    private func plannedItems(_ arguments: Arguments) throws -> [Arguments] {
        if case .unknown = arguments["files"] { return [] }
        guard let items = arguments["files"].listValue else { return try arguments.records("files") }
        guard !items.isEmpty else { throw arguments.error("files", "the list is empty") }
        return items.enumerated().compactMap { index, item in
            item.mapValue.map { Arguments($0, label: "files[\(index)]") }
        }
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let output = try arguments.string("output")
        let path = context.absolute(output)
        let format = try format(arguments, output)
        let level = try level(arguments, format)
        let items = try arguments.records("files")
        guard !items.isEmpty else { throw arguments.error("files", "the list is empty") }
        let epoch = try SourceDateEpoch.value(context.environment)
        let directory = context.directory
        let progress = context.progress
        let result = try await onThread { cancellation in
            let entries = try FileSet.resolve(items, in: directory, output: path)
            guard !entries.isEmpty else { throw arguments.error("files", "nothing is left to archive") }
            return try write(
                entries, to: path, format, level: level, epoch: epoch, cancellation: cancellation, progress: progress)
        }
        return [
            "path": .string(output), "digest": .string("sha256:" + result.digest), "size": .integer(result.size),
            "entries": .integer(result.entries),
        ]
    }

    private func format(_ arguments: Arguments, _ output: String) throws(OpsError) -> ArchiveFormat {
        if let name = arguments.plannedString("format"), let format = ArchiveFormat(name: name) { return format }
        do {
            return try ArchiveFormat(fileName: output)
        } catch {
            throw arguments.error("output", error.message, hint: error.hint)
        }
    }

    private func level(_ arguments: Arguments, _ format: ArchiveFormat) throws(OpsError) -> Int? {
        guard let level = try arguments.optionalInteger("level") else { return nil }
        guard format.levels.contains(level) else {
            throw arguments.error(
                "level", "\(format) has no level \(level)",
                hint: format.levels.count == 1
                    ? "it is not compressed" : "it has \(format.levels.lowerBound) to \(format.levels.upperBound)")
        }
        return level
    }
}

/// An archive that was made.
private struct Result: Sendable {
    var digest: String
    var size: Int
    var entries: Int
}

private final class Account {
    var hash = SHA256()
    var size = 0
}

/// Writes, reads back, compares, and only then gives the file its name.
private func write(
    _ entries: [ArchiveEntry], to path: String, _ format: ArchiveFormat, level: Int?, epoch: Int,
    cancellation: CancellationFlag, progress: (Progress) -> Void
) throws -> Result {
    let file = try AtomicFile(path)
    let descriptor = file.descriptor
    let account = Account()
    let total = entries.reduce(0) { $0 + $1.size }
    let summary = try ArchiveWriter.write(
        entries, as: format, level: level, epoch: epoch, cancellation: cancellation,
        progress: { progress(Progress(done: $0, total: total, unit: "bytes")) }
    ) { bytes in
        try writeAll(bytes, to: descriptor, path: path)
        account.hash.update(bufferPointer: bytes)
        account.size += bytes.count
    }
    try ArchiveVerifier.verify(descriptor: descriptor, name: path, against: summary, cancellation: cancellation)
    try cancellation.check()
    try file.commit()
    return Result(digest: hexadecimal(account.hash.finalize()), size: account.size, entries: summary.entries)
}
