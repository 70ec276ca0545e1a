import OpsCore
import OpsPlugin
import Testing

@Suite struct PluginCatalogTests {
    struct Named: Action {
        let declaration: ActionDeclaration

        init(_ name: String) { declaration = ActionDeclaration(name: name, summary: "", parameters: []) }

        func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan { ActionPlan() }
        func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] { [:] }
    }

    @Test func findsActionsByFullName() throws {
        let catalog = try PluginCatalog([
            Plugin(name: "shell", summary: "", actions: [Named("run")]),
            Plugin(name: "archive", summary: "", actions: [Named("archive.create"), Named("archive.list")]),
        ])
        #expect(catalog.action(named: "archive.list")?.declaration.name == "archive.list")
        #expect(catalog.action(named: "run") != nil)
        #expect(catalog.action(named: "archive.extract") == nil)
        #expect(catalog.plugins.map(\.name) == ["shell", "archive"])
    }

    @Test(arguments: [
        (["a.x", "a.x"], "two actions are named 'a.x'"),
        (["b.x"], "plugin 'a' has an action named 'b.x'"),
        (["a.x.y"], "plugin 'a' has an action named 'a.x.y'"),
        (["a."], "plugin 'a' has an action named 'a.'"),
    ])
    func refusesNames(_ names: [String], _ message: String) {
        #expect {
            try PluginCatalog([Plugin(name: "a", summary: "", actions: names.map { Named($0) })])
        } throws: {
            ($0 as? OpsError)?.message == message
        }
    }

    @Test func refusesTwoPluginsOfOneName() {
        #expect(throws: OpsError.self) {
            try PluginCatalog([Plugin(name: "a", summary: ""), Plugin(name: "a", summary: "")])
        }
    }
}
