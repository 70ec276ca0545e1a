import ArgumentParser
import OpsCore
import OpsRecipe
import OpsReport
import OpsSystem
import OrderedCollections

/// `ops schedule`.
struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Show when tasks are meant to run, or hand that to cron or systemd.",
        subcommands: [ScheduleListCommand.self, ScheduleExportCommand.self],
        defaultSubcommand: ScheduleListCommand.self)
}

/// `ops schedule list`, which is what `ops schedule` does.
struct ScheduleListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the schedules of the recipe with their next times.",
        discussion: "Times are shown in the schedule's own zone. This is what ops schedule does by itself.")

    @OptionGroup var global: GlobalOptions
    @Option(help: "text, or json.") var format: OutputFormat = .text
    @Option(name: [.short, .long], help: ArgumentHelp("How many of the next times to show.", valueName: "n"))
    var number = 1
    @Option(help: ArgumentHelp("The times after this one, as 2026-11-21T09:55:30Z; now by default.", valueName: "time"))
    var after: String?

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try global.session()
            let style = try global.style(session.context)
            let start = try after.map(Self.instant) ?? Int(Timestamp.now)
            let rows = session.recipe.schedules.map { Row($0, session, after: start, count: max(1, number)) }
            if format == .json {
                try Console.output(JSONWriter.text(.list(rows.map(\.json)), indentation: 2) + "\n")
                return
            }
            var table = TableText(width: style.width)
            for row in rows {
                let schedule = row.schedule
                table.row([
                    style.paint(schedule.name ?? schedule.task, .bold), schedule.cron.source,
                    row.times.first ?? "never", schedule.name == nil ? "" : schedule.task,
                ])
                for time in row.times.dropFirst() { table.row(["", "", time, ""]) }
            }
            try Console.output(
                rows.isEmpty ? "\(session.recipe.file) has no schedule.\n" : table.text)
            let warnings = rows.compactMap(\.warning)
            if !warnings.isEmpty {
                Console.error(ErrorReport.text(of: warnings, style: style, context: session.context))
            }
        }
    }

    private static func instant(_ text: String) throws(OpsError) -> Int {
        guard let instant = Timestamp.parse(text) else {
            throw OpsError(
                .usage, "--after is '\(text)'", hint: "it takes a time in UTC such as 2026-11-21T09:55:30Z")
        }
        return instant
    }
}

/// One schedule with its next times.
private struct Row {
    let schedule: Schedule
    let instants: [Int]
    let zone: ZoneRules
    private let leftOut: Int?

    init(_ schedule: Schedule, _ session: RecipeSession, after start: Int, count: Int) {
        self.schedule = schedule
        zone = schedule.zone.flatMap { ZoneDatabase.rules($0) } ?? .local(session)
        let times = CronTimes(schedule.cron, zone: zone)
        instants = times.next(count, after: start)
        leftOut = schedule.cron.followsClock ? nil : times.firstLeftOut(after: start, days: 366)
    }

    /// `Sat 2026-11-21 03:00 CET`.
    var times: [String] {
        instants.map { instant in
            let offset = zone.offset(at: instant)
            return Self.text(local: instant + offset.seconds) + " " + offset.abbreviation
        }
    }

    /// Schedulers do not agree on a time that the clock leaves out.
    var warning: Diagnostic? {
        leftOut.map { local in
            Diagnostic(
                .warning, code: "time-left-out",
                "\(Self.text(local: local)) does not exist in its zone: cron runs right behind it, systemd not at all",
                hint: "choose a time at which the clock is not changed", at: schedule.range)
        }
    }

    var json: Value {
        .map([
            "name": schedule.name.map { .string($0) } ?? .null, "cron": .string(schedule.cron.source),
            "zone": schedule.zone.map { .string($0) } ?? .null, "task": .string(schedule.task),
            "inputs": .map(schedule.inputs), "jitter": schedule.jitter.map { .string($0.text) } ?? .null,
            "timeout": schedule.timeout.map { .string($0.text) } ?? .null,
            "catch-up": .boolean(schedule.catchesUp),
            "next": .list(instants.map { .string(Timestamp.iso8601(Double($0))) }),
        ])
    }

    private static func text(local: Int) -> String {
        let day = local.flooredDivision(by: 86_400)
        let text = Timestamp.iso8601(Double(local))
        let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        return "\(names[CalendarDate.weekday(daysSince1970: day)]) \(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
    }
}

extension ZoneRules {
    fileprivate static func local(_ session: RecipeSession) -> ZoneRules {
        ZoneDatabase.local(environment: session.context.environment)
    }
}
