import Glibc
import OpsCore
import OpsSystem
import TestKit
import Testing

/// A recipe that uses a secret in every way that is permitted, with every system call that could carry it away recorded:
/// the value is found where it was put, and nowhere else.
@Suite struct SecretLeakTests {
    private static let value = "Kx7-leak_search-92uQ"

    private static let recipe = """
        ops: 1
        secrets: { s: file://secret.txt }
        vars: { header: "Bearer ${{ secrets.s }}" }
        tasks:
          t:
            files: { INHERITED: "${{ secrets.s }}" }
            steps:
              - { id: none, run: 'env > none.env; WAIT' }
              - { id: variable, env: { S: "${{ secrets.s }}" }, run: 'echo "by env: $S"; WAIT' }
              - { id: input, stdin: "${{ secrets.s }}", run: 'cat; echo' }
              - { id: file, files: { KEY: "${{ secrets.s }}" }, run: 'cat "$KEY" "$INHERITED"; echo; stat -c %a "$KEY"; echo "$KEY" > where; WAIT' }
              - { id: derived, env: { D: "${{ upper(secrets.s) }}" }, run: 'echo "derived: $D"' }
              - id: request
                continue-on-error: true
                http.request: { url: "http://127.0.0.1:PORT/", method: POST, headers: { Authorization: "${{ vars.header }}" }, body: "${{ secrets.s }}" }
              - { id: output, env: { S: "${{ secrets.s }}" }, returns: word, run: 'echo "pre-$S"' }
              - { id: fails, continue-on-error: true, env: { W: "${{ steps.output.outputs.word }}" }, run: 'echo "failing with $W" >&2; exit 3' }

        """.replacing("WAIT", with: "touch at-$OPS_STEP; until [ -e seen-$OPS_STEP ]; do sleep 0.05; done")

    /// The steps that wait until all processes were looked at while they run.
    private static let waiting = ["none", "variable", "file"]

    /// The value as it is and in the forms in which it could hide.
    private static var forms: [String] {
        let bytes = Array(value.utf8)
        return [value, value.uppercased(), hexadecimal(bytes)]
            + (0..<3).map { shift in
                // The characters that depend on what stands beside are cut.
                let text = Base64.encode([UInt8](repeating: 0x41, count: shift) + bytes)
                return String(text.dropFirst(shift == 0 ? 0 : shift + 1).dropLast(4))
            }
    }

    private static func holds(_ text: some StringProtocol) -> Bool {
        forms.contains { text.utf8.firstRange(of: $0.utf8) != nil }
    }

    @Test func `the value is found nowhere but where it was put`() throws {
        let ops = try OpsProgram()
        try ops.write("secret.txt", Self.value, mode: 0o600)
        let server = try start([
            "python3", "-c",
            """
            import http.server, sys
            class Answer(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    self.rfile.read(int(self.headers.get('content-length', 0)))
                    self.send_response(204)
                    self.end_headers()
            s = http.server.HTTPServer(('127.0.0.1', 0), Answer)
            open(sys.argv[1], 'w').write(str(s.server_port))
            s.serve_forever()
            """, ops.project + "/port",
        ])
        defer {
            server.signal(SIGKILL)
            _ = try? server.end()
        }
        try #require(try waitUntil { try ops.holds("port") })
        try ops.write("ops.yaml", Self.recipe.replacing("PORT", with: try ops.text("port")))
        let trace = ops.temporary + "/trace"
        let program = try ops.start(
            ["t", "-v", "--log-file", "log.jsonl"],
            prefix: [
                "strace", "-f", "-v", "-y", "-s", "100000", "-o", trace, "-e",
                "trace=%process,%file,write,writev,pwrite64,sendto,sendmsg,sendmmsg,memfd_create",
            ])
        let patterns = ops.temporary + "/patterns"
        try run(["sh", "-c", "printf '%s\\n' \"$@\" > \"$0\"", patterns] + Self.forms)
        let (arguments, environments) = try Self.sample(ops, while: program.pid, patterns: patterns)
        let result = try program.end()
        #expect(result.status == 0, "\(result.text)\(result.errorText)")

        // What ops itself says and keeps.
        #expect(!Self.holds(result.text) && !Self.holds(result.errorText))
        #expect(result.text.contains("by env: [masked:s]") && result.text.contains("derived: [masked:s]"))
        for form in Self.forms {
            let found = try run(["grep", "-rlaF", form, ops.state, ops.project, ops.temporary + "/"]).text
            let left = found.split(separator: "\n").filter {
                !$0.hasSuffix("/secret.txt") && $0 != trace && $0 != patterns
            }
            #expect(left.isEmpty, "\(form) in \(left)")
        }
        #expect(access(try ops.text("where").replacing("\n", with: ""), F_OK) != 0)

        // What others could see meanwhile.
        #expect(arguments.isEmpty, "\(arguments)")
        #expect(
            environments.contains("variable") && environments.isDisjoint(with: ["none", "file", "input", "no step"]))

        // What went through the kernel.
        let log = try run(["grep", "-aF", "-f", patterns, trace]).text
        var places: [String: Int] = [:]
        for line in log.split(separator: "\n") {
            let place = Self.place(line)
            places[place, default: 0] += 1
            #expect(!place.hasPrefix("?"), "\(line.prefix(400))")
        }
        for place in ["environment", "pipe", "memory", "socket"] { #expect(places[place] != nil, "\(places)") }
    }

    /// Where a call put the value: `environment`, `pipe` (a step's own streams), `memory` (a private file), `socket`; what
    /// starts with `?` is a leak.
    private static func place(_ line: Substring) -> String {
        guard let call = line.firstMatch(of: /^[0-9]+ +(?:<\.\.\. )?([a-z0-9_]+)(?:\(| resumed)/)?.1 else { return "?" }
        switch call {
        case "execve":
            // Its path, its arguments, then its environment: ["NAME=value", …].
            guard let end = line.firstRange(of: "], [") else { return "?execve" }
            return holds(line[..<end.lowerBound]) ? "?arguments" : "environment"
        case "write", "writev", "pwrite64", "sendto", "sendmsg", "sendmmsg":
            let target = line.firstMatch(of: /\([0-9]+<([^>]*)>/)?.1 ?? ""
            if target.hasPrefix("pipe:") { return "pipe" }
            if target.hasPrefix("/dev/shm/ops-") { return "memory" }
            if target.hasPrefix("socket:") || target.hasPrefix("TCP:") { return "socket" }
            return "?\(call) to \(target)"
        default: return "?\(call)"
        }
    }

    /// Looks at all processes until the program ends: command lines that hold the value, and the steps (`OPS_STEP`) in
    /// whose environment it is.
    private static func sample(
        _ ops: OpsProgram, while pid: pid_t, patterns: String
    ) throws -> (arguments: Set<String>, environments: Set<String>) {
        var arguments: Set<String> = []
        var environments: Set<String> = []
        var isOver = false
        while !isOver {
            var state = siginfo_t()
            isOver = waitid(P_PID, id_t(pid), &state, WEXITED | WNOHANG | WNOWAIT) != 0 || state.si_signo != 0
            let running = waiting.filter { ops.exists("at-" + $0) && !ops.exists("seen-" + $0) }
            // The patterns are in a file: an argument would be found.
            let found = try run([
                "sh", "-c", "grep -lsaF -f \"$0\" /proc/[0-9]*/cmdline /proc/[0-9]*/environ; true", patterns,
            ]).text
            for path in found.split(separator: "\n").map(String.init) {
                guard let bytes = try? readFile(path) else { continue }
                let words = String(decoding: bytes, as: UTF8.self).split(separator: "\0")
                if path.hasSuffix("cmdline") { arguments.insert(words.joined(separator: " ")) }
                guard path.hasSuffix("environ"), !words.isEmpty else { continue }
                environments.insert(
                    words.first { $0.hasPrefix("OPS_STEP=") }.map { String($0.dropFirst(9)) } ?? "no step")
            }
            for step in running { try ops.write("seen-" + step, "") }
        }
        return (arguments, environments)
    }
}
