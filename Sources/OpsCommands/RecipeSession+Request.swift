import OpsCore
import OpsEngine
import OpsRecipe
import OpsSystem
import OrderedCollections

extension RecipeSession {
    /// The recipe's path, absolute.
    var path: String { recipe.file.hasPrefix("/") ? recipe.file : directory + "/" + recipe.file }

    /// A request of this session's recipe, to be planned and recorded.
    ///
    /// Throws: an `OpsError` or `DiagnosticsError` where the file of inputs cannot be read.
    func request(
        tasks: [String], inputs: [(key: String, value: String)], inputsFile: String? = nil, arguments: [String] = [],
        isOnline: Bool = false, isRun: Bool = false, isForced: Bool = false
    ) throws -> RecordedRequest {
        var request = RecordedRequest(file: recipe.file, directory: directory, tasks: tasks)
        request.inputs = inputs
        request.inputsFile = inputsFile
        request.inputsFileValues = try inputsFile.map { try InputsFile.read($0, directory: directory) }
        request.arguments = arguments
        request.isOnline = isOnline
        request.isRun = isRun
        request.isForced = isForced
        return request
    }

    /// The plan as it is kept on disk.
    func document(_ plan: Plan, _ request: RecordedRequest) -> PlanDocument {
        var request = request
        if !request.isReplayed { request.keepVariables(of: plan, environment: context.environment) }
        return PlanDocument(plan, request: request, sources: loaded.sources.map { ($0.file, $0.bytes) })
    }

    /// What the caller's world now says of the inputs of a recorded request: a file of inputs that holds something else,
    /// a variable that is set to something else. What is gone since is not missed: the request holds it.
    func drift(of request: RecordedRequest, _ document: PlanDocument) -> [String] {
        var lines: [String] = []
        if let name = request.inputsFile, let then = request.inputsFileValues,
            let now = try? InputsFile.read(name, directory: directory), .map(now) != Value.map(then)
        {
            lines.append("the file of inputs \(name) changed")
        }
        for name in document.inputNames {
            let variable = RecordedRequest.variable(of: name)
            let isGiven = request.inputs.contains { $0.key == name } || request.inputsFileValues?[name] != nil
            guard !isGiven, let now = context.environment[variable], now != request.variables[variable] else {
                continue
            }
            lines.append("\(variable) was \(request.variables[variable] ?? "not set"), is \(now)")
        }
        return lines
    }
}
