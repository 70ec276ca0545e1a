import OpsArchive
import OpsCore
import OpsPlugin

/// The files of a layer.
enum LayerFiles {
    /// What a plan says of them: counted where nothing can change them before the run.
    static func planned(_ sets: [Arguments], _ context: PlanContext) throws -> [Effect] {
        try sets.map { item in
            guard let from = item.plannedString("from") else {
                return Effect(.read, item["from"].firstUnknown?.source ?? "from")
            }
            let root = from.prefix { !"*?[{".contains($0) }
            guard !item["from"].containsUnknown, context.isSettled(context.absolute(String(root))) else {
                return Effect(.read, from)
            }
            let entries = try FileSet.resolve([item], in: context.directory)
            let files = entries.filter { if case .file = $0.content { true } else { false } }
            let size = files.reduce(0) { $0 + $1.size }
            return Effect(
                .read, from, detail: "\(files.count) \(files.count == 1 ? "file" : "files"), \(ByteSize.text(size))")
        }
    }
}
