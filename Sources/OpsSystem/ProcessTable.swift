import COpsSystem
import Glibc

/// Processes as proc(5) shows them. Where there is no /proc, or it hides what is asked, nothing is found.
enum ProcessTable {
    /// One process, from `/proc/PID/stat`.
    struct Entry {
        var name: String
        var state: UInt8
        var parent: Int32
        var group: Int32
        var session: Int32

        /// Ended, and not yet reaped.
        var isZombie: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }
    }

    static func entry(_ pid: Int32) -> Entry? {
        guard let bytes = try? readFile("/proc/\(pid)/stat", limit: 1 << 16) else { return nil }
        // PID (NAME) STATE PARENT GROUP SESSION …; a name may hold any character.
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 4)
        guard fields.count > 4, let state = fields[0].first, let parent = number(fields[1]),
            let group = number(fields[2]), let session = number(fields[3])
        else { return nil }
        return Entry(
            name: String(decoding: bytes[(open + 1)..<close], as: UTF8.self), state: state, parent: parent,
            group: group, session: session)
    }

    /// The children of a process, whichever of its threads made them.
    static func children(of pid: Int32) -> [Int32] {
        guard let threads = try? listFolder("/proc/\(pid)/task") else { return [] }
        return threads.flatMap { thread -> [Int32] in
            guard let bytes = try? readFile("/proc/\(pid)/task/\(thread)/children", limit: 1 << 24) else { return [] }
            return numbers(bytes[...])
        }
    }

    /// How a process's environment, as it was at its exec, stands to one variable.
    enum Mark { case own, foreign, none }

    /// `entry` is `NAME=value`; `foreign` where the name has another value.
    static func mark(_ pid: Int32, _ entry: [UInt8]) -> Mark {
        guard let bytes = try? readFile("/proc/\(pid)/environ", limit: 1 << 24) else { return .none }
        let name = entry.prefix { $0 != UInt8(ascii: "=") }
        for variable in bytes.split(separator: 0) where variable.starts(with: name) {
            if variable.elementsEqual(entry) { return .own }
            if variable.dropFirst(name.count).first == UInt8(ascii: "=") { return .foreign }
        }
        return .none
    }

    /// The numbers in text that are apart by spaces.
    static func numbers(_ bytes: ArraySlice<UInt8>) -> [Int32] {
        bytes.split(separator: UInt8(ascii: " ")).compactMap(number)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int32? {
        var value: Int32 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return digit == 0x0A && digits.count > 1 ? value : nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow, product <= Int32.max - 9 else { return nil }
            value = product + Int32(digit - 0x30)
        }
        return digits.isEmpty ? nil : value
    }
}

/// Our own children, orphans that became ours among them. Asked at the end of each step, so the files stay open.
struct OwnChildren {
    private var files: [Int32]
    private var buffer = [UInt8](repeating: 0, count: 4096)

    /// To be made on the thread that starts children. Orphans become those of the main thread.
    init() {
        let mainThread = "/proc/self/task/\(getpid())/children"
        let paths = ops_is_main_thread() ? [mainThread] : [mainThread, "/proc/thread-self/children"]
        files = paths.map { path in open(path, O_RDONLY | O_CLOEXEC) }
    }

    mutating func list() -> [Int32] {
        var found: [Int32] = []
        for file in files {
            var length = 0
            while true {
                let room = buffer.count - length
                let count = buffer.withUnsafeMutableBytes { bytes in
                    pread(file, bytes.baseAddress.map { $0 + length }, room, off_t(length))
                }
                guard count > 0 else { break }
                length += count
                // The kernel hands out a page at most; what ends well before it is the end.
                if length % 4096 < 4096 - 32, count < room { break }
                if length == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
            }
            found += ProcessTable.numbers(buffer[..<length])
        }
        return found
    }
}
