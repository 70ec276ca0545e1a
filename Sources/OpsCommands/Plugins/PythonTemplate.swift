/// What `ops plugin new --language python` writes beside the module `ops_plugin.py`.
enum PythonTemplate {
    static let program = #"""
        #!/usr/bin/env python3
        """Greets."""

        import sys

        sys.dont_write_bytecode = True  # The folder of a locked plugin stays as it is.

        from ops_plugin import Failure, Plugin, Unknown

        plugin = Plugin(
            "hello",
            version="0.1.0",
            summary="Greets",
            permissions={"read": [], "write": ["."], "net": "none", "exec": [], "env": []},
        )


        @plugin.action(
            "greet",
            summary="Greet somebody",
            inputs={
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "description": "Who is greeted"},
                    "file": {"type": "string", "description": "Where to write the greeting", "x-ops-path": "write"},
                },
            },
            outputs={
                "type": "object",
                "required": ["text"],
                "properties": {"text": {"type": "string", "description": "The greeting"}},
            },
            plan="full",
            examples=[{"title": "Greet the world", "with": {"name": "world", "file": "greeting.txt"}}],
        )
        def greet(call):
            """Does it, and returns the outputs. print() goes to the debug log, call.output() to people."""
            if not call.inputs["name"].strip():
                raise Failure("invalid-input", "there is nobody to greet", at="/inputs/name")
            text = "Hello " + call.inputs["name"]
            call.output(text + "\n")
            if call.inputs.get("file"):
                call.write(call.inputs["file"], text + "\n")
            return {"text": text}


        @greet.plan
        def plan(call):
            """Says what greet() would do, and changes nothing. A value may be Unknown, and a Secret has no value here."""
            if call.inputs.get("file"):
                file = call.inputs["file"]
                call.effect("write", file.source if isinstance(file, Unknown) else file)
            if isinstance(call.inputs["name"], Unknown):
                return {}
            return {"text": "Hello " + call.inputs["name"]}


        plugin.main()

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
                  description: "Where to write the greeting"
                  x-ops-path: "write"
            outputs:
              type: "object"
              required: ["text"]
              properties:
                text:
                  type: "string"
                  description: "The greeting"
            examples: [{"title": "Greet the world", "with": {"name": "world", "file": "greeting.txt"}}]
        permissions:
          read: []
          write: ["."]
          net: "none"
          exec: []
          env: []

        """#
}
