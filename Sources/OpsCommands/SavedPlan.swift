import OpsCore
import OpsEngine
import OpsSystem
import OrderedCollections

/// `ops run --plan FILE`: a plan that `ops plan --out` wrote, made again and found to be the same.
struct SavedPlan {
    let session: RecipeSession
    let request: RecordedRequest
    let plan: Plan

    /// Throws: an `OpsError` (`usage`) where the command line asks for something besides the plan; (`mismatch`) that
    /// names each difference between the plan and what it would be now.
    init(_ name: String, _ arguments: RunArguments, _ context: CommandContext) async throws {
        let others: [RunOption] = [.file, .directory, .inputs]
        if let extra = arguments.words.first ?? arguments.arguments.first
            ?? others.first(where: { arguments.options[$0] != nil }).map({ "--\($0.rawValue)" })
        {
            throw OpsError(
                .usage, "'\(extra)' beside --plan: the plan holds its recipe, tasks, inputs and arguments",
                hint: "plan again with 'ops plan --out' to change them")
        }
        let path = name.hasPrefix("/") ? name : context.directory + "/" + name
        let document = try PlanDocument(file: path, name: name)
        var request = document.request
        session = try RecipeSession(file: request.file, directory: request.directory, context: context)
        var plan = try await session.plan(request)
        var drift = PlanDrift.between(document, session.document(plan, request))
        drift.add(session.drift(of: request, document))
        if let error = drift.error("\(name) is not what would run now", hint: "plan again with 'ops plan --out'") {
            throw error
        }
        // What a plan may not ask, and a run does.
        let isWhole = !plan.units.contains { $0.git.values.contains(where: \.containsUnknown) }
        request.isRun = true
        if !isWhole { plan = try await session.plan(request) }
        self.plan = plan
        self.request = request
    }
}
