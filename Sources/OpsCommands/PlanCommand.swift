import ArgumentParser
import OpsCore
import OpsEngine
import OpsRecipe
import OpsReport
import OpsSystem
import OrderedCollections

/// `ops plan`: what a run would do, without doing it.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a run would do, without doing it.",
        discussion: """
            No process is started, no socket opened and no file written (but for --out). What only the run can \
            know is shown as unknown.
            """)

    @Argument(
        help: ArgumentHelp(
            "Tasks to plan, and inputs as key=value; the task 'default' by default.", valueName: "task|key=value"),
        completion: .custom(TaskCompletion.tasks))
    var words: [String] = []
    @OptionGroup var global: GlobalOptions
    @Option(help: "text, or json (the schema is in ops(1)).") var format: OutputFormat = .text
    @Flag(help: "Also make read-only requests that tell more.") var online = false
    @Option(name: RunOption.inputs.names, help: RunOption.inputs.valueHelp, completion: .file()) var inputs: String?
    @Option(
        help: ArgumentHelp("Write the plan as JSON to a file too, for 'ops run --plan'.", valueName: "file"),
        completion: .file())
    var out: String?

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try global.session()
            var (tasks, values) = RecipeSession.split(words)
            if tasks.isEmpty {
                guard session.recipe.tasks["default"] != nil else {
                    throw OpsError(
                        .usage, "there is no task 'default'", hint: "name the task to plan; 'ops list' lists them")
                }
                tasks = ["default"]
            }
            let context = session.context
            let request = try session.request(
                tasks: tasks, inputs: values, inputsFile: context.value(inputs, twin: RunOption.inputs.twin),
                arguments: Passthrough.arguments, isOnline: online)
            let plan = try await session.plan(request)
            let style = try global.style(context)
            if !plan.warnings.isEmpty {
                Console.error(ErrorReport.text(of: plan.warnings, style: style, context: context))
            }
            let json = out != nil || format == .json ? session.document(plan, request).text : ""
            if let out {
                try writeAtomically(Array(json.utf8), to: out.hasPrefix("/") ? out : context.directory + "/" + out)
            }
            try Console.output(format == .json ? json : PlanText.render(plan, style: style))
        }
    }
}
