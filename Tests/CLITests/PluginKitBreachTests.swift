import OpsCore
import OrderedCollections
import TestKit
import Testing

/// Breaches of the protocol that a plugin commits only where it reads requests by itself: the kit finds each.
@Suite struct PluginKitBreachTests {
    private let ops: OpsProgram

    private static let manifest = #"""
        {"apiVersion": "ops/plugin/v1", "name": "raw", "version": "1.0.0", "summary": "Waits", "protocol": [1],
         "run": "bin/raw",
         "actions": {"wait": {"summary": "Wait", "plan": "none", "cancel": "graceful",
                              "examples": [{"title": "Wait", "with": {}}]}},
         "secrets": ["raw"]}
        """#

    /// Passes the checks below; each takes away or spoils one line of it.
    private static let program = #"""
        #!/usr/bin/env python3
        import json, os, signal, sys, threading, time
        def stop(text):
            sys.stderr.write(text + "\n"); sys.stderr.flush(); os._exit(2)
        def result(status="ok", **members):
            sys.stdout.write(json.dumps({"type": "result", "id": r["id"], "status": status, **members}) + "\n")
            sys.stdout.flush(); os._exit(0)
        def listen():
            if sys.stdin.readline(): result("cancelled")
            os._exit(1)
        def error(**members): result("error", error={"code": "internal", **members})
        if "OPS_PLUGIN_PROTOCOL" not in os.environ: stop("raw is a plugin of ops")
        line = sys.stdin.buffer.readline()
        if len(line) > 1048577: stop("too long")
        if not line.endswith(b"\n"): stop("cut off")
        try: r = json.loads(line)
        except ValueError: stop("no JSON")
        if not isinstance(r, dict): stop("no request")
        if r["verb"] == "describe": result(manifest=json.load(open(os.path.dirname(sys.argv[0]) + "/../plugin.yaml")))
        if r["verb"] == "fetch":
            values = [{"value": x["path"]} for x in r["references"]]
            result(values=values)
        threading.Thread(target=listen).start()
        time.sleep(60)
        """#

    init() throws {
        ops = try OpsProgram()
        try ops.write("raw/plugin.yaml", Self.manifest)
    }

    private func outcome(_ check: String, _ program: String) throws -> String {
        try ops.write("raw/bin/raw", program, mode: 0o755)
        let result = try ops("plugin", "test", "raw", "--format", "json", "--limit", "1s", "--check", check)
        let checks = try JSONReader.value(result.output)["checks"]?.listValue ?? []
        let found = checks.first { $0["id"] == .string(check) }
        return "\(found?["outcome"]?.stringValue ?? "none"): \(found?["seen"]?.stringValue ?? "")"
    }

    @Test(arguments: [
        ("no-request", #"stop("no request")"#, "os._exit(0)", "exit status 0"),
        ("half-request", #"stop("cut off")"#, "os._exit(0)", "exit status 0"),
        ("empty-input", #"stop("cut off")"#, "os._exit(3)", "and no word on standard error"),
        ("oversize", #"stop("too long")"#, "line = line[:-1]; r = {'id': 'big'}; result()", "its result is 'ok'"),
        ("unknown-members", "if not isinstance(r, dict)", "if 'x-kit' in r", "no result"),
        ("separators", "json.loads(line)", "json.loads(line.decode().splitlines()[0])", "no result"),
        ("long-line", "> 1048577", "> 1000000", "no result"),
        (
            "cancel", #"if sys.stdin.readline(): result("cancelled")"#, "if sys.stdin.readline(): return",
            "no result came"
        ),
        ("end-of-input", "    os._exit(1)", "    return", "it went on without ops"),
        (
            "terminate", "threading.Thread(target=listen).start()", "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
            "only SIGKILL ended it"
        ),
        ("fetch", "result(values=values)", "result(values=values[:1])", "1 values came"),
        ("fetch", "result(values=values)", "error(message='no such box')", "no such box"),
        ("fetch", #"{"value": x["path"]}"#, "{'failure': 'missing'}", "the failure has no message"),
        ("fetch", #"{"value": x["path"]}"#, "{'failure': 'lost', 'message': 'it is gone'}", "is none of missing,"),
        ("fetch", #"{"value": x["path"]}"#, "{}", ""),
    ])
    func breachIsFound(_ check: String, _ good: String, _ bad: String, _ seen: String) throws {
        #expect(try outcome(check, Self.program).hasPrefix("passed"))
        #expect(Self.program.contains(good))
        let outcome = try outcome(check, Self.program.replacing(good, with: bad))
        #expect(outcome.hasPrefix("failed: ") && outcome.contains(seen), "\(outcome)")
    }

    @Test func aProgramThatCannotBeStartedIsToldOf() throws {
        try ops.write("raw/bin/raw", Self.program)
        let result = try ops("plugin", "test", "raw", "--check", "program")
        #expect(result.status == 1 && result.text.contains("is not executable"), "\(result.text)")
        #expect(result.text.contains("hint: chmod +x"))
    }
}
