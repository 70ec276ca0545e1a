import OpsCore
import OpsPlugin

let greetings = Plugin(name: "greet", summary: "Greets", actions: [Hello()])

struct Hello: Action {
    let declaration = ActionDeclaration(
        name: "greet.hello", summary: "Say hello",
        parameters: [Parameter("name", .string, "Who is greeted", required: true)],
        outputs: [OutputDeclaration("text", .string, "What was said")])

    func plan(_ arguments: Arguments, _ context: PlanContext) async throws -> ActionPlan {
        guard let name = arguments.plannedString("name") else { return ActionPlan() }
        return ActionPlan(outputs: ["text": .string("Hello \(name)")])
    }

    func run(_ arguments: Arguments, _ context: RunContext) async throws -> [String: Value] {
        let text = "Hello " + (try arguments.string("name"))
        Array("\(text)\n".utf8).withUnsafeBytes { context.output(.standardOutput, $0) }
        return ["text": .string(text)]
    }
}
