import OpsArchive
import OpsCore
import OpsPlugin
import OpsSystem

/// `archive.extract`.
struct ArchiveExtract: Action {
    let declaration = ActionDeclaration(
        name: "archive.extract",
        summary: "Unpack an archive into a folder, with nothing outside it",
        description: """
            Reads tar, plain or compressed by gzip, bzip2, xz or zstd, and zip; what it is, its first bytes say. The \
            folder appears whole or not at all. An entry with an absolute path or `..`, a link that could lead \
            outside, a device, pipe or socket, a path given twice, and what passes a limit are errors that name the \
            entry. Permissions lose setuid, setgid and the write bits of group and others.
            """,
        parameters: [
            Parameter("archive", .path(.read), "The archive", required: true, example: .string("vendor/tool.tar.gz")),
            Parameter("to", .path(.write), "The folder to make", required: true, example: .string("build/tool")),
            Parameter("strip", .integer, "How many leading names of each path to drop", default: .integer(0)),
            Parameter(
                "replace", .boolean, "Replace the folder, with all in it, where it is there and not empty",
                default: .boolean(false)),
            Parameter("max-size", .size, "The most bytes that all files may have", default: .string("64GiB")),
            Parameter(
                "max-entries", .integer, "The most files, links and folders, those on the way to others with them",
                default: .integer(1_000_000)),
            Parameter(
                "max-ratio", .integer, "The most bytes out for each byte of the archive, past the first 64MiB",
                default: .integer(1000)),
        ],
        outputs: [
            OutputDeclaration("path", .string, "The folder, as `to` gives it"),
            OutputDeclaration("entries", .integer, "How many entries were unpacked"),
        ],
        examples: [
            ActionExample(
                "A source release without its own top folder",
                "archive.extract: { archive: vendor/tool.tar.gz, to: build/tool, strip: 1 }")
        ])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        var plan = ActionPlan()
        if let archive = arguments.plannedString("archive") {
            plan.effects.append(Effect(.read, archive, detail: try sizeText(archive, context)))
        }
        if let folder = arguments.plannedString("to") {
            plan.effects.append(Effect(.write, folder))
            plan.outputs["path"] = .string(folder)
        }
        return plan
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let archive = context.absolute(try arguments.string("archive"))
        let folder = try arguments.string("to")
        let target = context.absolute(folder)
        var extractor = ArchiveExtractor()
        extractor.strip = try arguments.optionalInteger("strip") ?? 0
        extractor.replaces = try arguments.optionalBoolean("replace") ?? false
        if let size = try arguments.optionalSize("max-size") { extractor.limits.size = size }
        if let entries = try arguments.optionalInteger("max-entries") { extractor.limits.entries = entries }
        if let ratio = try arguments.optionalInteger("max-ratio") { extractor.limits.ratio = ratio }
        guard extractor.strip >= 0 else { throw arguments.error("strip", "is less than 0") }
        let work = extractor
        let progress = context.progress
        let count = try await onThread { cancellation in
            try work.extract(archive, to: target, cancellation: cancellation) {
                progress(Progress(done: $0, unit: "entries"))
            }
        }
        return ["path": .string(folder), "entries": .integer(count)]
    }
}

/// The size of a file that a plan can know, for people; nil where something earlier may write it.
///
/// Throws: an `OpsError` (`notFound`) where it is not there and nothing can make it.
func sizeText(_ path: String, _ context: PlanContext) throws(OpsError) -> String? {
    let absolute = context.absolute(path)
    guard context.isSettled(absolute) else { return nil }
    return ByteSize.text(try FileStatus(absolute).size)
}
