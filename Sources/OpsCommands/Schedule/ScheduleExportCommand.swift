import ArgumentParser
import Glibc
import OpsCore
import OpsRecipe
import OpsSystem
import OrderedCollections

/// `ops schedule export`: what makes cron or systemd run the recipe's schedules.
struct ScheduleExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Print the schedules as a crontab, or as units of systemd.",
        discussion: """
            Each entry calls this ops by its absolute path, as ops run --unattended. Nothing is installed: add the \
            lines to a crontab by crontab -e, or write the units by --out to /etc/systemd/system or \
            ~/.config/systemd/user and enable the timers. systemd's timer has a schedule's jitter and catch-up; cron \
            knows no catch-up.
            """)

    enum Target: String, CaseIterable, ExpressibleByArgument { case crontab, systemd }

    @Argument(help: "crontab, or systemd.") var target: Target
    @Argument(
        help: ArgumentHelp("Schedules, all by default, and inputs as key=value.", valueName: "name|key=value"))
    var words: [String] = []
    @OptionGroup var global: GlobalOptions
    @Option(
        help: ArgumentHelp("Write files to this folder in place of printing.", valueName: "folder"),
        completion: .directory)
    var out: String?
    @Option(help: ArgumentHelp("Whose the run is: for /etc/cron.d, and for units of the system.", valueName: "name"))
    var user: String?
    @Flag(help: "Write CRON_TZ for other zones: cronie knows it, Debian's cron does not.") var cronTz = false

    mutating func run() async throws {
        try await CommandLineTool.finish {
            let session = try global.session()
            let (names, given) = RecipeSession.split(words)
            if let user { try Self.check(user) }
            let schedules = try Self.chosen(names, of: session.recipe)
            try Self.check(given, session.recipe)
            guard let program = ExecutablePath.ofProcess else {
                throw OpsError(.system, "the path of ops itself is not known", hint: "is /proc mounted?")
            }
            let runs = try schedules.map { try ScheduledRun($0, of: session, given: given, program: program) }
            let files = try files(runs)
            guard let out else { return try Console.output(Self.printed(files)) }
            let folder = out.hasPrefix("/") ? out : session.context.directory + "/" + out
            for file in files {
                try writeAtomically(Array(file.text.utf8), to: folder + "/" + file.name, mode: 0o644)
                try Console.output("\(folder)/\(file.name)\n")
            }
        }
    }

    private func files(_ runs: [ScheduledRun]) throws -> [SystemdUnits.File] {
        switch target {
        case .systemd:
            // A system's unit has no HOME unless it has a user.
            return try runs.flatMap { try SystemdUnits.files($0, user: user ?? (getuid() == 0 ? "root" : nil)) }
        case .crontab:
            let text = try Crontab.text(runs, user: user, setsZone: cronTz)
            for run in runs where run.schedule.catchesUp {
                Console.error("ops: warning: \(run.title) has catch-up, which cron does not know\n")
            }
            return runs.first.map { [SystemdUnits.File(name: $0.unit, text: text)] } ?? []
        }
    }

    /// Several files behind each other, each below its name.
    private static func printed(_ files: [SystemdUnits.File]) -> String {
        if files.count == 1 { return files[0].text }
        return files.map { "# \($0.name)\n\($0.text)" }.joined(separator: "\n")
    }

    private static func chosen(_ names: [String], of recipe: Recipe) throws(OpsError) -> [Schedule] {
        guard !recipe.schedules.isEmpty else {
            throw OpsError(
                .invalid, "\(recipe.file) has no schedule",
                hint: "write schedule: { cron: \"0 3 * * *\", task: NAME }")
        }
        let known = recipe.schedules.compactMap(\.name)
        for name in names where !known.contains(name) {
            let near = nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
            let list = known.isEmpty ? "its only one has no name" : "it has \(known.joined(separator: ", "))"
            throw OpsError(.invalid, "\(recipe.file) has no schedule '\(name)'", hint: near ?? list)
        }
        return recipe.schedules.filter { schedule in names.isEmpty || schedule.name.map(names.contains) ?? false }
    }

    private static func check(_ given: [(key: String, value: String)], _ recipe: Recipe) throws(OpsError) {
        for (key, _) in given where recipe.inputs[key] == nil {
            let near = nearestName(to: key, among: recipe.inputs.keys).map { "did you mean '\($0)'?" }
            throw OpsError(.invalid, "\(recipe.file) has no input '\(key)'", hint: near)
        }
    }

    /// As useradd(8) lets names be: one could write lines into a unit or a crontab else.
    private static func check(_ user: String) throws(OpsError) {
        let isPlain = user.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "_-.".utf8.contains($0)
        }
        guard isPlain, !user.isEmpty, !user.hasPrefix("-") else {
            throw OpsError(.usage, "--user is '\(user)'", hint: "it takes the name of an account")
        }
    }
}
