/// What `ops plugin new --language swift` writes.
enum SwiftTemplate {
    /// Where the sources of ops are is for the author to say.
    static let package = #"""
        // swift-tools-version: 6.2
        import PackageDescription

        let package = Package(
            name: "hello",
            platforms: [.macOS(.v15)],
            // The sources of ops: a folder named ops, here the one beside this, or a repository by its url.
            dependencies: [.package(path: "../ops")],
            targets: [
                .executableTarget(
                    name: "hello", dependencies: [.product(name: "OpsPlugin", package: "ops")], path: "Sources")
            ]
        )

        """#

    /// The tests build the same text.
    static let source = #"""
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

        """#

    static let build = #"""
        #!/bin/sh
        # Builds the program, which needs no Swift where it runs, and makes the manifest from its declarations.
        set -eu
        cd "$(dirname "$0")"
        swift build -c release --static-swift-stdlib --product hello
        mkdir -p bin
        cp .build/release/hello bin/hello
        bin/hello manifest >plugin.yaml.new
        mv plugin.yaml.new plugin.yaml

        """#

    /// As the program makes it: `bin/hello manifest`.
    static let manifest = #"""
        apiVersion: "ops/plugin/v1"
        name: "hello"
        version: "0.1.0"
        summary: "Greets"
        protocol: [1]
        run: "bin/hello"
        actions:
          greet:
            summary: "Greet somebody"
            plan: "full"
            cancel: "graceful"
            inputs:
              type: "object"
              required: ["name"]
              properties:
                name:
                  type: "string"
                  description: "Who is greeted"
                file:
                  type: "string"
                  x-ops-path: "write"
                  description: "Where to write the greeting"
            outputs:
              type: "object"
              required: ["text"]
              properties:
                text:
                  type: "string"
                  description: "The greeting"
            examples: [{"title":"Greet the world","with":{"file":"greeting.txt","name":"world"}}]
        permissions:
          net: "none"

        """#
}
