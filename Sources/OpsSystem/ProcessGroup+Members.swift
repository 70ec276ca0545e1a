import Glibc

extension ProcessGroup {
    /// Its processes now, by id, with their programs' names (proc(5), `/proc/PID/stat`); empty where that cannot be read.
    package var members: [(id: Int32, name: String)] {
        let ids = (try? listFolder("/proc"))?.compactMap { Int32($0) } ?? []
        return ids.sorted().compactMap { id in
            guard let bytes = try? readFile("/proc/\(id)/stat") else { return nil }
            let text = String(decoding: bytes, as: UTF8.self)
            // PID (NAME) STATE PARENT GROUP …; a name may hold any character.
            guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: close)...].split(separator: " ")
            guard fields.count > 2, fields[0] != "Z", fields[2] == String(self.id) else { return nil }
            return (id, String(text[text.index(after: open)..<close]))
        }
    }
}
