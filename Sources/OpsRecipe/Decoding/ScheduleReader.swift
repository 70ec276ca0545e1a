import OpsCore
import OpsSystem
import OpsYAML
import OrderedCollections

extension RecipeReader {
    /// `schedule`: one time table, or a map of named ones.
    func schedules(_ entry: Node.Entry?) -> [Schedule] {
        guard let entry, !isOutline else { return [] }
        guard case .mapping(let members) = entry.value.content else {
            report(
                "wrong-type", "'schedule' of the recipe needs a map, got \(entry.value.kindName)",
                hint: "write schedule: { cron: \"0 3 * * *\", task: NAME }", at: entry.value.range)
            return []
        }
        // A map of names holds maps only, and the time table itself at least one text.
        let isOne = members.contains { if case .mapping = $0.value.content { $0.key == "inputs" } else { true } }
        if isOne { return schedule(entry, name: nil).map { [$0] } ?? [] }
        return members.compactMap { member in
            isName(member.key, "schedule", member.keyRange) ? schedule(member, name: member.key) : nil
        }
    }

    private func schedule(_ entry: Node.Entry, name: String?) -> Schedule? {
        let place = name.map { "schedule '\($0)'" } ?? "the schedule"
        guard let fields = fields(entry.value, of: RecipeLanguage.schedule, place) else { return nil }
        let task = text(fields["task"], place) ?? "default"
        var inputs: ValueMap = [:]
        var ranges: [String: SourceRange] = [:]
        if let given = fields["inputs"], isConstant(given, place) {
            for item in entries(given, place) ?? [] {
                ranges[item.key] = item.keyRange
                if let value = constant(item, place) { inputs[item.key] = value }
            }
        }
        let zone = zone(fields["zone"], place)
        let jitter = duration(fields["jitter"], place)
        let timeout = duration(fields["timeout"], place)
        let catchesUp = boolean(fields["catch-up"], place) ?? false
        guard let cron = cron(fields["cron"], place) else { return nil }
        return Schedule(
            name: name, cron: cron, zone: zone, task: task, inputs: inputs, jitter: jitter, timeout: timeout,
            catchesUp: catchesUp, range: entry.keyRange, taskRange: fields["task"]?.value.range ?? entry.keyRange,
            inputRanges: ranges)
    }

    private func cron(_ entry: Node.Entry?, _ place: String) -> CronExpression? {
        guard let entry, let text = text(entry, place) else { return nil }
        do throws(OpsError) { return try CronExpression(text) } catch {
            report("invalid-cron", "'cron' of \(place): \(error.message)", hint: error.hint, at: entry.value.range)
            return nil
        }
    }

    private func zone(_ entry: Node.Entry?, _ place: String) -> String? {
        guard let entry, let name = text(entry, place) else { return nil }
        // A system without the database can check no name, and schedules nothing by one.
        if ZoneDatabase.isThere, ZoneDatabase.rules(name) == nil {
            let near = nearestName(to: name, among: ZoneDatabase.names)
            report(
                "unknown-zone", "'\(name)' is no time zone",
                hint: near.map { "did you mean '\($0)'?" } ?? "a zone has a name such as Europe/Berlin or UTC",
                at: entry.value.range)
        }
        return name
    }

    /// A scalar, or a list of them.
    private func constant(_ item: Node.Entry, _ place: String) -> Value? {
        if let scalar = item.value.scalar { return scalar.value }
        if case .sequence(let items) = item.value.content {
            let values = items.compactMap { $0.scalar?.value }
            if values.count == items.count { return .list(values) }
        }
        report(
            "wrong-type",
            "the input '\(item.key)' of \(place) needs a value or a list of texts, got \(item.value.kindName)",
            at: item.value.range)
        return nil
    }
}
