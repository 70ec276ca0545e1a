import OpsCore
import OpsPlugin
import OpsRecipe
import OpsSystem

/// What is the same for all instances of a task: its definition, and the names whose values it uses.
///
/// A result depends on the templates and on the values behind their names: where both are the same, so is all that they
/// evaluate to.
package final class TaskDefinition: Sendable {
    /// A name that a template uses, directly or by way of `vars`.
    struct Use: Sendable {
        var label: String
        var path: [String]
        /// Where it is used, for errors.
        var expression: Expression
    }

    let facts: [FreshnessFact]
    let digest: ContentDigest
    let uses: [Use]
    /// Why the task is never up to date, where its definition says so.
    let obstacle: String?
    /// True where an argument depends on another step of the task: then it is not known when planned.
    let usesSteps: Bool
    /// True where all its steps are actions of plugins, which say what they read and write.
    let isOfPlugins: Bool

    init(_ task: Task, in recipe: Recipe, catalog: PluginCatalog, programs: ProgramPaths) {
        var reader = DefinitionReader(recipe: recipe, catalog: catalog, programs: programs)
        reader.add(task)
        facts = reader.facts
        uses = reader.uses
        obstacle = reader.obstacle
        usesSteps = reader.usesSteps
        isOfPlugins = !task.steps.isEmpty && task.steps.allSatisfy { $0.action.name != "run" }
        var writer = RecordWriter()
        for fact in reader.facts { fact.write(to: &writer) }
        digest = ContentDigest(of: writer.bytes)
    }

    /// The values of the names, for one instance; nil where one is known only in the run.
    ///
    /// Throws: what evaluating throws.
    func values(in scope: Scope) throws -> Values {
        var values = Values()
        for use in uses {
            var value: Value
            if use.path.count == 2, use.path[0] == "env" {
                // What `env` puts on top of it is in the definition.
                value = scope.environment[use.path[1]].map { .string($0) } ?? .null
            } else {
                value = try use.expression.evaluate(in: scope)
            }
            if value.containsSecret {
                values.obstacle = "it uses \(use.label), a secret that another task gives"
                continue
            }
            if let unknown = value.firstUnknown {
                values.unknown = values.unknown ?? unknown.source
                continue
            }
            values.facts.append(FreshnessFact(use.label, FreshnessFact.text(of: value) ?? "null"))
        }
        return values
    }

    struct Values {
        var facts: [FreshnessFact] = []
        /// The first name whose value only the run knows.
        var unknown: String?
        var obstacle: String?

        var bytes: [UInt8] {
            var writer = RecordWriter()
            for fact in facts { fact.write(to: &writer) }
            return writer.bytes
        }
    }
}

/// Where programs are: asked of the file system once for each name.
final class ProgramPaths {
    /// The `PATH` of steps, where no `env` names another.
    let searchPath: String
    private var found: [String: String] = [:]

    init(searchPath: String) { self.searchPath = searchPath }

    /// The path of a program, `none` where there is no such program.
    func path(of name: String, in searchPath: String) -> String {
        let key = name + "\0" + searchPath
        if let known = found[key] { return known }
        let path = ExecutablePath.find(name, path: searchPath, in: "/") ?? "none"
        found[key] = path
        return path
    }
}
