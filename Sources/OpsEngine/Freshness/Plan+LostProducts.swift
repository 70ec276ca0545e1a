import OpsCore
import OpsRecipe

extension Plan {
    /// The places of the tasks that declare `produces` and whose files are not those that their last success recorded:
    /// a resumed run runs these again (ops(1), "Resuming").
    ///
    /// Throws: an `OpsError` where a file cannot be read.
    package func tasksWithLostProducts() async throws -> Set<Int> {
        guard let records = freshness else { return [] }
        var lost: Set<Int> = []
        for (index, task) in tasks.enumerated() where task.definition.produces != nil {
            guard let planned = task.freshness, let made = records.log.record(of: planned.key)?.products else {
                continue
            }
            var changes = FileChanges()
            let found = changes.compareProducts(made, in: planned.directory)
            if changes.text == nil { _ = try await changes.compareContent(made, found, records.digests) }
            if changes.text != nil { lost.insert(index) }
        }
        return lost
    }
}
