import Glibc
import OpsCore
import TestKit
import Testing

/// `ops schedule` and `ops schedule export`, judged by systemd and by Debian's cron.
@Suite struct ScheduleTests {
    private static let recipe = """
        ops: 1
        name: site
        timeout: 30m
        inputs:
          to: { type: path, default: null }
          note: { default: none }
          tags: { type: list, default: [] }
        schedule:
          nightly:
            cron: 30 2 * * mon-fri
            zone: Europe/Berlin
            task: backup
            inputs: { to: backups, note: "100% of $HOME's \\"best\\"", tags: [ a, "b c" ] }
            jitter: 5m
            timeout: 2h
            catch-up: true
          often: { cron: "*/15 8-18/2 1,15 * fri", task: backup }
        tasks:
          backup: { run: 'printf "%s|" "$INPUT_TO" "$INPUT_NOTE" "$INPUT_TAGS" > ran' }
        """

    @Test func listsNextTimes() throws {
        let ops = try OpsProgram(Self.recipe)
        let list = try ops.run(
            ["schedule", "--after", "2026-03-27T12:00:00Z", "-n", "2"], environment: ["TZ": "America/New_York"])
        #expect(list.status == 0, "\(list.errorText)")
        #expect(
            list.text == """
                nightly  30 2 * * mon-fri        Mon 2026-03-30 02:30 CEST  backup
                                                 Tue 2026-03-31 02:30 CEST
                often    */15 8-18/2 1,15 * fri  Fri 2026-03-27 08:15 EDT   backup
                                                 Fri 2026-03-27 08:30 EDT

                """)
        let json = try JSONReader.value(
            try ops("schedule", "list", "--format", "json", "--after", "2026-03-27T12:00:00Z").text)
        #expect(json.listValue?.first?["next"]?.listValue?.first?.stringValue == "2026-03-30T00:30:00Z")
        #expect(json.listValue?.first?["timeout"]?.stringValue == "2h")
        #expect(try OpsProgram("ops: 1\ntasks: {}").callAsFunction("schedule").text == "ops.yaml has no schedule.\n")
        #expect(try ops("schedule", "--after", "tomorrow").status == 64)
        let sunday = try OpsProgram(
            "ops: 1\nschedule: { cron: 30 2 * * *, zone: Europe/Berlin }\ntasks: { default: { run: 'true' } }")
        #expect(
            try sunday("schedule", "--after", "2026-03-01T00:00:00Z").errorText.contains(
                "warning: Sun 2026-03-29 02:30 does not exist in its zone"))
    }

    @Test func wrongSchedulesAreTold() throws {
        for (schedule, problem) in [
            ("{ cron: 0 25 * * *, task: a }", "ops.yaml:2:19: error: 'cron' of the schedule: the hour is from 0 to 23"),
            ("{ cron: '@daily', task: b }", "ops.yaml:2:35: error: the schedule runs the task 'b'"),
            ("{ cron: '@daily' }", "runs the task 'default', which the recipe does not have"),
            ("{ corn: '@daily' }", "did you mean 'cron'?"),
            ("{ task: a }", "the schedule has no 'cron'"),
            ("{ x: { cron: '@daily', task: a, zone: Europe/Berlni } }", "did you mean 'Europe/Berlin'?"),
            ("{ x: { cron: '@daily', task: a, inputs: { whoo: 1 } } }", "did you mean 'who'?"),
            (
                "{ x: { cron: '@daily', task: a, inputs: { who: [ 1 ] } } }",
                "the input 'who' of schedule 'x' needs string"
            ),
            ("{ x: { cron: '@daily', task: a, inputs: { who: '${{ vars.x }}' } } }", "is constant"),
            ("{ x: { cron: '@daily', task: a, jitter: 5 } }", "a number needs a unit: 5s"),
            ("nightly", "'schedule' of the recipe needs a map"),
        ] {
            let ops = try OpsProgram(
                "ops: 1\nschedule: \(schedule)\ninputs: { who: { default: x } }\ntasks: { a: { run: 'echo $INPUT_WHO' } }"
            )
            let result = try ops("run", "a")
            #expect(result.status == 2 && result.errorText.contains(problem), "\(schedule): \(result.errorText)")
        }
    }

    @Test func exportsACrontab() throws {
        let ops = try OpsProgram(Self.recipe)
        let text = try ops("schedule", "export", "crontab", "--cron-tz", "--user", "ann").text
        let program = OpsProgram.path.hasPrefix("/") ? OpsProgram.path : ""
        #expect(
            ops.normalized(text).replacing(#/ /\S+/ops run /#, with: " OPS run ") == """
                # often of PROJECT/ops.yaml
                */15 8-18/2 1,15 * 5 ann OPS run --unattended --file PROJECT/ops.yaml backup
                # nightly of PROJECT/ops.yaml
                CRON_TZ=Europe/Berlin
                30 2 * * 1-5 ann OPS run --unattended --file PROJECT/ops.yaml --timeout 2h --jitter TIME backup \
                to=PROJECT/backups 'note=100\\% of $HOME'\\''s "best"' 'tags=["a","b c"]'

                """, "\(text)")
        #expect(program == "" || text.contains(program) || text.contains("/ops run"))
        let refused = try ops("schedule", "export", "crontab")
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("is in the zone Europe/Berlin, and cron runs in this machine's zone"))
        #expect(
            try ops("schedule", "export", "crontab", "often", "note=a\nb").errorText.contains(
                "cannot hold a line break"))
        #expect(try ops("schedule", "export", "crontab", "often", "note=a\\%b").errorText.contains("not every cron"))
        #expect(try ops("schedule", "export", "crontab", "oftn").errorText.contains("did you mean 'often'?"))
        #expect(try ops("schedule", "export", "crontab", "often", "to=x").errorText.contains("give the absolute one"))
        #expect(try ops("schedule", "export", "crontab", "--user", "a\n* * * * * root x").status == 64)
    }

    @Test func missingInputsAreTold() throws {
        let ops = try OpsProgram(
            "ops: 1\ninputs: { who: {} }\nschedule: { cron: '@daily', task: a }\ntasks: { a: { run: 'echo $INPUT_WHO' } }"
        )
        #expect(try ops("run", "a", "who=me").status == 0)
        let refused = try ops("schedule", "export", "crontab")
        #expect(refused.status == 2)
        #expect(refused.errorText.contains("the schedule gives no value for the input 'who'"))
        #expect(try ops("schedule", "export", "crontab", "who=me").text.contains(" a who=me\n"))
    }

    @Test func systemdTakesItsUnits() throws {
        let ops = try OpsProgram(Self.recipe)
        let result = try ops("schedule", "export", "systemd", "--out", "units")
        #expect(result.status == 0, "\(result.errorText)")
        let names = ["ops-site-nightly", "ops-site-often"].flatMap { [$0 + ".service", $0 + ".timer"] }
        #expect(
            result.text.split(separator: "\n").map { $0.split(separator: "/").last.map(String.init) ?? "" } == names)
        let timer = try ops.text("units/ops-site-nightly.timer")
        for line in [
            "OnCalendar=Mon,Tue,Wed,Thu,Fri *-*-* 02:30:00 Europe/Berlin", "Persistent=true", "RandomizedDelaySec=5m",
            "WantedBy=timers.target",
        ] {
            #expect(timer.contains(line + "\n"), "\(line) in \(timer)")
        }
        let service = try ops.text("units/ops-site-nightly.service")
        #expect(service.contains("\"note=100%% of $$HOME's \\\"best\\\"\""), "\(service)")
        #expect(service.contains("Type=oneshot\n") && service.contains("KillMode=mixed\n"))
        // Above the run's own two hours.
        #expect(service.contains("TimeoutStartSec=2h1m\n"))
        let verify = try run(
            ["systemd-analyze", "verify", "--man=no"] + names.map { ops.project + "/units/" + $0 })
        // Without systemd as process 1 it also speaks of units that the machine has not: only ours count.
        let complaints = verify.errorText.split(separator: "\n").filter { $0.contains("ops-site") }
        #expect(complaints.isEmpty, "\(verify.errorText)")
    }

    /// The times that systemd reads from the exported events are those of `ops schedule`.
    @Test(arguments: [
        "0 3 * * *", "*/15 8-18/2 1,15 * fri", "7-59/13 */5 */2 * mon", "0 0 31 * *", "5 4 29 2 *", "@weekly",
        "59 23 1-7 jan,jul 6", "0 12 * 2-4 1-5/2", "*/7 * * * 7", "30 1 */10 */3 0-2",
    ])
    func systemdReadsTheSameTimes(_ cron: String) throws {
        let ops = try OpsProgram(
            "ops: 1\nschedule: { cron: \"\(cron)\", zone: America/New_York }\ntasks: { default: { run: 'true' } }")
        let start = "2026-01-10T00:00:00Z"
        let own = try JSONReader.value(
            try ops("schedule", "list", "--format", "json", "-n", "12", "--after", start).text)
        let times = own.listValue?.first?["next"]?.listValue?.compactMap(\.stringValue) ?? []
        #expect(times.count == 12)
        let timer = try ops("schedule", "export", "systemd").text
        var found: Set<String> = []
        for line in timer.split(separator: "\n") where line.hasPrefix("OnCalendar=") {
            let judge = try run(
                [
                    "systemd-analyze", "calendar", "--iterations=12", "--base-time=2026-01-10 00:00:00 UTC",
                    String(line.dropFirst("OnCalendar=".count)),
                ], environment: ["TZ": "UTC"])
            #expect(judge.status == 0, "\(line): \(judge.errorText)")
            for match in judge.text.matches(of: /(?:elapse|#\d+): \w+ (\S+) (\S+) UTC/) {
                found.insert("\(match.output.1)T\(match.output.2)Z")
            }
        }
        #expect(Array(found.sorted().prefix(12)) == times)
    }

    /// Debian's cron runs the exported line, with every character of its inputs as it was.
    @Test func cronRunsItsLine() throws {
        let ops = try OpsProgram(Self.recipe)
        let line = try ops(
            "schedule", "export", "crontab", "often", "--user", "root", "note=50% & $HOME 'x' \"y\" `z` #", "to=/a b")
        #expect(line.status == 0, "\(line.errorText)")
        let folder = try TemporaryFolder()
        let table = line.text.replacing("*/15 8-18/2 1,15 * 5 ", with: "* * * * * ")
        try folder.write("cron.d/ops", "OPS_STATE_DIR=\(ops.state)\n" + table)
        try folder.write("spool/.keep", "")
        try folder.write("crontab", "")
        // A mount namespace of its own: the machine's own tables and process file stay what they are.
        let script = """
            mount --bind "$0/cron.d" /etc/cron.d && mount --bind "$0/spool" /var/spool/cron/crontabs \\
                && { [ ! -e /etc/crontab ] || mount --bind "$0/crontab" /etc/crontab; } && mount -t tmpfs tmpfs /run \\
                && exec cron -f -L 15
            """
        let output = open(folder.path + "/out", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let cron = try spawn(["unshare", "-m", "sh", "-c", script, folder.path], streams: [null, output, output])
        defer {
            kill(cron, SIGTERM)
            waitpid(cron, nil, 0)
            [output, null].forEach { close($0) }
        }
        // It starts its jobs at the full minute.
        let end = ContinuousClock.now + .seconds(240)
        while try !ops.holds("ran"), ContinuousClock.now < end {
            usleep(50_000)
            guard waitpid(cron, nil, WNOHANG) == 0 else {
                throw OpsError(.command, "cron ended: \(try folder.text("out"))")
            }
        }
        #expect(try ops.text("ran") == "/a b|50% & $HOME 'x' \"y\" `z` #|[]|")
    }
}
