import Glibc
import OpsArchive
import OpsCore
import OpsPlugin
import OpsSystem

/// `archive.list`.
struct ArchiveList: Action {
    let declaration = ActionDeclaration(
        name: "archive.list",
        summary: "List what an archive holds",
        description: """
            Reads the whole archive, as archive.extract would, and so finds damage. The names are as they stand in \
            the archive, in its order.
            """,
        parameters: [
            Parameter("archive", .path(.read), "The archive", required: true, example: .string("dist/app.tar.zst"))
        ],
        outputs: [
            OutputDeclaration("entries", .list(.string), "The names of the entries"),
            OutputDeclaration("count", .integer, "How many there are"),
        ],
        examples: [ActionExample("What was packed", "archive.list: { archive: dist/app.tar.zst }")])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        guard let archive = arguments.plannedString("archive") else { return ActionPlan() }
        return ActionPlan(effects: [Effect(.read, archive, detail: try sizeText(archive, context))])
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let archive = context.absolute(try arguments.string("archive"))
        let names = try await onThread { cancellation in
            let descriptor = open(archive, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw OpsError.system("open", archive) }
            defer { close(descriptor) }
            let reader = try ArchiveReader(descriptor: descriptor, name: archive)
            var names: [String] = []
            while let member = try reader.next() {
                names.append(member.path)
                try reader.read { _ in try cancellation.check() }
            }
            return names
        }
        return ["entries": .list(names.map { .string($0) }), "count": .integer(names.count)]
    }
}
