import OpsCore
import OpsSystem
import TestKit
import Testing

/// TZif files and POSIX rules, against Python's reading of the same database.
@Suite struct ZoneRulesTests {
    @Test func agreesWithPython() throws {
        let zones = [
            "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia",
            "Asia/Kathmandu", "Africa/Casablanca", "Asia/Tehran", "Antarctica/Troll", "America/Nuuk", "Etc/GMT+5",
            "UTC",
            "Europe/Dublin", "Pacific/Kiritimati",
        ]
        // From 1880 to 2190, at an odd step, so that all kinds of days and hours come.
        let script = """
            import sys
            from datetime import datetime, timezone
            from zoneinfo import ZoneInfo
            for name in sys.argv[1:]:
                zone = ZoneInfo(name)
                for time in range(-2840140800, 6942499200, 4_567_891):
                    local = datetime.fromtimestamp(time, timezone.utc).astimezone(zone)
                    print(name, time, int(local.utcoffset().total_seconds()), local.tzname())
            """
        let result = try run(["python3", "-c", script] + zones)
        #expect(result.status == 0, "\(result.errorText)")
        let lines = result.text.split(separator: "\n")
        #expect(lines.count > 20_000)
        var rules: [String: ZoneRules] = [:]
        for zone in zones { rules[zone] = ZoneDatabase.rules(zone) }
        for line in lines {
            let words = line.split(separator: " ")
            let time = try #require(Int(words[1]))
            let offset = rules[String(words[0])]?.offset(at: time)
            let matches = offset?.seconds == Int(words[2]) && offset?.abbreviation ?? "" == words[3]
            #expect(matches, "\(line): \(String(describing: offset))")
            if !matches { return }
        }
    }

    @Test(arguments: [
        "Europe/Berlni", "../../../etc/passwd", "/etc/localtime", "", "posixrules/", "tzdata.zi", "Europe",
    ])
    func isNoZone(_ name: String) { #expect(ZoneDatabase.rules(name) == nil) }

    @Test func knowsItsNames() {
        #expect(ZoneDatabase.names.contains("Europe/Berlin") && ZoneDatabase.names.contains("UTC"))
    }

    @Test func tornFilesAreNone() throws {
        let whole = try readFile(ZoneDatabase.folder + "/Europe/Berlin")
        for count in 0..<min(whole.count - 40, 2000) { #expect(ZoneRules(tzif: Array(whole.prefix(count))) == nil) }
        var wild = whole
        for place in 20..<60 {
            wild[place] = 0xFF
            _ = ZoneRules(tzif: wild)
        }
    }
}
