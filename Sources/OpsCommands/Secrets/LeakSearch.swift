import ArchivePlugin
import Glibc
import OpsCore
import OpsEngine
import OpsSystem
import Synchronization

/// Where a secret was found that should not be there.
struct Leak: Hashable {
    var secret: String
    /// `file dist/app.tar, in etc/config`, `argument list of curl`.
    var place: String
}

/// Searches bytes, files and archives for canaries in any encoding that the masking knows.
final class LeakSearch: Sendable {
    /// A larger file is searched in its first part only.
    private static let largestFile = 256 << 20

    /// The canaries.
    let registry = SecretRegistry()
    /// What the run itself masks: what derives from canaries is known there.
    private let derived = Mutex<SecretRegistry?>(nil)

    func watch(_ registry: SecretRegistry) { derived.withLock { $0 = registry } }

    /// What stands in the bytes.
    func leaks(in bytes: [UInt8], at place: String) -> [Leak] {
        var names = registry.names(in: bytes)
        // What derives from two secrets has the names of both.
        names += derived.withLock { $0 }?.names(in: bytes).flatMap { $0.split(separator: " ").map(String.init) } ?? []
        return Set(names).sorted().map { Leak(secret: $0, place: place) }
    }

    /// What stands in the files below a folder that were changed since: their names, their content, what they hold
    /// compressed, and the members of archives, one archive deep. Of a link it is the target's path that is searched, not
    /// the target; git's own folder is left out.
    ///
    /// - Parameter time: seconds since 1970.
    func leaks(below folder: String, changedSince time: Double, name: String) -> [Leak] {
        var found: [Leak] = []
        var open = [""]
        while let below = open.popLast() {
            let path = below.isEmpty ? folder : "\(folder)/\(below)"
            for entry in (try? listFolder(path)) ?? [] where entry != ".git" {
                let inner = below.isEmpty ? entry : "\(below)/\(entry)"
                guard let status = FileStatus.find("\(folder)/\(inner)", followsLinks: false) else { continue }
                if status.kind == .folder { open.append(inner) }
                guard Double(status.changed) + 1 >= time else { continue }
                found += leaks(in: Array(entry.utf8), at: "the name of \(name)\(inner)")
                if status.kind == .link, let target = try? readLink("\(folder)/\(inner)") {
                    found += leaks(in: Array(target.utf8), at: "the target of link \(name)\(inner)")
                }
                if status.kind == .file { found += leaks(inFile: "\(folder)/\(inner)", at: "\(name)\(inner)") }
            }
        }
        return found
    }

    private func leaks(inFile path: String, at place: String) -> [Leak] {
        guard let bytes = Self.beginning(of: path) else { return [] }
        var found = leaks(in: bytes, at: "file \(place)")
        _ = try? ArchiveContents.forEachFile(of: path) { member, bytes in
            found += leaks(in: bytes, at: "file \(place), " + (member.map { "in \($0)" } ?? "decompressed"))
        }
        return found
    }

    private static func beginning(of path: String) -> [UInt8]? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while bytes.count < largestFile {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}

/// Searches the events of a run, which are masked already: all that reports, logs and the journal are made of.
final class EventLeakSearch: RunEventSink {
    private let search: LeakSearch
    private(set) var found: Set<Leak> = []

    init(_ search: LeakSearch) { self.search = search }

    func receive(_ event: RunEvent) {
        found.formUnion(search.leaks(in: EventJSON.line(event), at: "what the run says"))
    }
}
