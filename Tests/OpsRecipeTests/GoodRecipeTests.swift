import OpsCore
import OpsPlugin
import OpsRecipe
import OrderedCollections
import TestKit
import Testing

@Suite struct GoodRecipeTests {
    /// The design's example never uses its `channel`, and what it includes has a task `lint`; nothing else is to be
    /// said.
    private static let warnings = [
        "design": ["the input 'channel' is not used"],
        "common": ["'lint' is a command of ops: the task runs only as 'ops run lint'"],
    ]

    @Test(arguments: Corpus.names(in: "Good"))
    func hasNothingWrong(_ name: String) throws {
        let found = try Corpus.diagnostics(try readAll(Corpus.folder + "Good/\(name).yaml"))
        #expect(found.filter { $0.severity == .error } == [])
        #expect(found.map(\.message) == Self.warnings[name] ?? [])
    }

    /// The example of the design decodes completely.
    @Test func designExample() throws {
        let recipe = try Corpus.load(String(decoding: try readAll(Corpus.folder + "Good/design.yaml"), as: UTF8.self))
        #expect(recipe.name == "release")
        #expect(recipe.inputs["version"]?.pattern == #"[0-9]+\.[0-9]+\.[0-9]+"#)
        #expect(recipe.inputs["channel"]?.defaultValue == .string("stable"))
        #expect(recipe.inputs["channel"]?.options == [.string("stable"), .string("beta")])
        #expect(recipe.secrets["slack"]?.from.map(\.reference.scheme) == ["env", "vault"])
        #expect(recipe.secrets["slack"]?.isOptional == true)
        #expect(recipe.secrets["registry"]?.from.first?.reference.field == "password")
        #expect(recipe.defaults.shell?.command == ["bash"])
        #expect(recipe.defaults.timeout == .seconds(1800))
        #expect(recipe.include["common"]?.from == "./common.yaml")
        #expect(recipe.included["common"]?.file == "common.yaml" && recipe.place(of: "common:lint") != nil)
        #expect(Array(recipe.tasks.keys) == ["default", "test", "build", "bundle", "image", "push", "deploy", "smoke"])

        let build = try #require(recipe.tasks["build"])
        #expect(build.hasOwnAction && build.steps.count == 1)
        #expect(build.sources?.count == 2 && build.produces?.count == 1)
        guard case .axes(let axes) = build.matrix?.form else {
            Issue.record("no axes")
            return
        }
        #expect(Array(axes.keys) == ["arch"])

        let deploy = try #require(recipe.tasks["deploy"])
        #expect(!deploy.hasOwnAction && deploy.timeout == .seconds(600) && deploy.confirm != nil)
        #expect(deploy.condition?.text == "git.branch == 'main'")
        #expect(deploy.steps[0].id == "old" && deploy.steps[0].returns == .standardOutput("digest"))
        let roll = deploy.steps[1]
        #expect(roll.retry?.attempts == 3 && roll.retry?.exitCodes == [75] && roll.retry?.backoff == 2)
        #expect(roll.retry?.delay == .seconds(5) && roll.retry?.maxDelay == .seconds(60))
        #expect(roll.undo?.through == "smoke" && roll.undo?.step.env.count == 1)
        #expect(deploy.finally.count == 1)
        #expect(recipe.tasks["smoke"]?.onFailure.first?.condition?.text == "secrets.slack != null")
        #expect(recipe.usedInputs(by: ["test"]) == [])
        #expect(recipe.usedInputs(by: ["push"]) == ["version"])
    }
}
