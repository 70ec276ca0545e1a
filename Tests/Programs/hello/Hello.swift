import OpsCore
import OpsPlugin

@main
enum Program: PluginExecutable {
    static let plugin = Plugin(name: "hello", summary: "Greets", actions: [Greet()])
    static let version = "0.1.0"
    static let permissions: [String: Value] = ["net": .string("none")]
}

struct Greet: Action {
    let declaration = ActionDeclaration(
        name: "hello.greet", summary: "Greet somebody",
        parameters: [
            Parameter("name", .string, "Who is greeted", required: true),
            Parameter("file", .path(.write), "Where to write the greeting"),
        ],
        outputs: [OutputDeclaration("text", .string, "The greeting")],
        examples: [
            ActionExample(
                "Greet the world", of: "hello.greet", with: ["name": .string("world"), "file": .string("greeting.txt")])
        ])

    /// Says what `run` would do; changes nothing. A value may be unknown, and a secret has no bytes here.
    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        var plan = ActionPlan()
        if let file = arguments.plannedString("file") { plan.effects.append(Effect(.write, file)) }
        if let name = arguments.plannedString("name") { plan.outputs["text"] = .string("Hello \(name)") }
        return plan
    }

    /// Does it. `print` goes to the debug log; what people are to see goes to `context.output` or the logger.
    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let text = "Hello " + (try arguments.string("name"))
        Array((text + "\n").utf8).withUnsafeBytes { context.output(.standardOutput, $0) }
        if let file = try arguments.optionalString("file") {
            try context.write(Array((text + "\n").utf8), to: file)
        }
        return ["text": .string(text)]
    }
}
