import TestKit

/// A project with the plugin `acme` in `.ops/plugins`, whose program is Python.
struct PluginProject {
    let ops: OpsProgram

    static let manifest = manifest(permissions: #"{ read: ["."], write: ["."], net: none, env: [ACME_HOME] }"#)

    /// - Parameter permissions: as YAML; nil: there are none.
    static func manifest(permissions: String?) -> String {
        manifestStart + (permissions.map { "permissions: \($0)\n" } ?? "")
    }

    private static let manifestStart = """
        apiVersion: ops/plugin/v1
        name: acme
        version: 1.2.0
        summary: Packs things
        protocol: [1]
        run: bin/acme
        actions:
          pack:
            summary: Pack a folder
            plan: full
            inputs:
              type: object
              required: [source]
              properties:
                source: { type: string, description: The folder to pack, x-ops-path: read }
                level: { type: integer, minimum: 1, maximum: 9, default: 6, description: How hard to try }
                token: { type: string, x-ops-secret: true }
            outputs:
              type: object
              required: [path]
              properties: { path: { type: string }, size: { type: integer }, key: { type: string, x-ops-secret: true } }
            examples: [ { title: A folder, with: { source: dist } } ]
        secrets: [acme]

        """

    /// Reads the request into `r` and has `send` and `result`.
    private static let prelude = """
        #!/usr/bin/env python3
        import json, os, sys, time, subprocess
        def send(type, **members):
            sys.stdout.write(json.dumps({"type": type, **members}) + "\\n")
            sys.stdout.flush()
        def result(status="ok", **members): send("result", id=r["id"], status=status, **members)
        r = json.loads(sys.stdin.readline())

        """

    /// - Parameter program: Python that answers; nil packs nothing and says so.
    init(_ recipe: String, program: String? = nil, manifest: String = Self.manifest) throws {
        ops = try OpsProgram(recipe)
        try write(
            program: program ?? "send('outputs', outputs={'path': 'a.tgz', 'key': 'k3y-of-the-plugin'})\nresult()\n")
        try ops.write(".ops/plugins/acme/plugin.yaml", manifest)
    }

    func write(program: String) throws { try writeExecutable(Self.prelude + program) }

    /// The whole text of the program.
    func writeExecutable(_ text: String) throws { try ops.write(".ops/plugins/acme/bin/acme", text, mode: 0o755) }

    /// One task `t` that calls the action.
    static func recipe(_ more: String = "") -> String {
        "ops: 1\ntasks:\n  t:\n    acme.pack: { source: dist }\n\(more)"
    }
}
