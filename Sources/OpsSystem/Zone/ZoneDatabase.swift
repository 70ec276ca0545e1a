import OpsCore

/// The time zones that the system knows: the tz database as files (tzfile(5)).
package enum ZoneDatabase {
    package static let folder = "/usr/share/zoneinfo"

    /// False where the system has no database: then no name can be checked.
    package static var isThere: Bool { FileStatus.find(folder)?.kind == .folder }

    /// The rules of a zone such as `Europe/Berlin`; nil where there is no such zone. A name that could lead out of the
    /// database is none.
    package static func rules(_ name: String) -> ZoneRules? {
        guard isName(name) else { return name == "UTC" ? .utc : nil }
        return rules(file: folder + "/" + name) ?? (name == "UTC" ? .utc : nil)
    }

    /// The machine's own zone: what `TZ` names in the environment, else `/etc/localtime`, else UTC.
    package static func local(environment: [String: String]) -> ZoneRules {
        if let name = environment["TZ"], !name.isEmpty {
            let name = name.hasPrefix(":") ? String(name.dropFirst()) : name
            return (name.hasPrefix("/") ? rules(file: name) : rules(name)) ?? .utc
        }
        return machine
    }

    /// What `/etc/localtime` holds, UTC where there is none: the zone in which cron(8) reads its tables.
    package static var machine: ZoneRules { rules(file: "/etc/localtime") ?? .utc }

    /// Every zone's name, for the nearest one to a mistyped one.
    package static var names: [String] {
        guard let text = try? readFile(folder + "/tzdata.zi", limit: 1 << 20) else { return names(in: folder, "") }
        var names: [String] = ["UTC"]
        // Lines `Z NAME …` and `L TARGET NAME` of the compact form that zic(8) reads.
        for line in text.split(separator: 0x0A) {
            let words = line.split(separator: 0x20, maxSplits: 3)
            if words.count > 1, words[0].elementsEqual("Z".utf8) {
                names.append(String(decoding: words[1], as: UTF8.self))
            }
            if words.count > 2, words[0].elementsEqual("L".utf8) {
                names.append(String(decoding: words[2], as: UTF8.self))
            }
        }
        return names
    }

    private static func names(in folder: String, _ prefix: String) -> [String] {
        ((try? listFolder(folder)) ?? []).flatMap { name -> [String] in
            guard let first = name.first, first.isUppercase else { return [] }
            let path = folder + "/" + name
            return FileStatus.find(path)?.kind == .folder ? names(in: path, prefix + name + "/") : [prefix + name]
        }
    }

    private static func isName(_ name: String) -> Bool {
        let isPlain = name.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || "/_+-".utf8.contains($0)
        }
        return isPlain && !name.isEmpty && !name.hasPrefix("/") && !name.hasSuffix("/")
    }

    private static func rules(file: String) -> ZoneRules? {
        (try? readFile(file, limit: 1 << 20)).flatMap { ZoneRules(tzif: $0) }
    }
}
