import TestKit

/// A project with the plugin `acme` in `.ops/plugins`, whose program is Python.
struct PluginProject {
    let ops: OpsProgram

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
    init(_ recipe: String, program: String? = nil, manifest: String = AcmeManifest.text()) throws {
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
