import OpsCore

/// One line of a journal, looked at without building its values: a resumed run reads tens of thousands.
///
/// The members are found where `EventJSON` writes them: at the top level, in any order. A line that is not such an
/// object has none.
struct JournalLine {
    /// The members' raw text by key, in the order of the line. Keys of ours hold no escapes.
    private let line: UnsafeRawBufferPointer
    private var members: [(key: Range<Int>, value: Range<Int>)] = []

    init(_ line: UnsafeRawBufferPointer) {
        self.line = line
        members.reserveCapacity(10)
        var index = 1
        guard line.count > 1, line[0] == UInt8(ascii: "{"), line[line.count - 1] == UInt8(ascii: "}") else { return }
        while index < line.count, line[index] == UInt8(ascii: "\"") {
            let key = index + 1
            guard let keyEnd = endOfString(index), keyEnd < line.count, line[keyEnd] == UInt8(ascii: ":"),
                let end = endOfValue(keyEnd + 1)
            else { return }
            members.append((key..<keyEnd - 1, keyEnd + 1..<end))
            guard end < line.count, line[end] == UInt8(ascii: ",") else { return }
            index = end + 1
        }
    }

    /// The index behind the string that starts at `index`.
    private func endOfString(_ index: Int) -> Int? {
        var index = index + 1
        while index < line.count {
            if line[index] == UInt8(ascii: "\"") { return index + 1 }
            index += line[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// The index behind the value that starts at `index`.
    private func endOfValue(_ start: Int) -> Int? {
        var index = start
        var depth = 0
        while index < line.count {
            switch line[index] {
            case UInt8(ascii: "\""):
                guard let end = endOfString(index) else { return nil }
                index = end
                if depth == 0 { return index }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return index }
                depth -= 1
                if depth == 0 { return index + 1 }
            case UInt8(ascii: ",") where depth == 0: return index
            default: break
            }
            index += 1
        }
        return nil
    }

    private func range(_ key: StaticString) -> Range<Int>? {
        for member in members where member.key.count == key.utf8CodeUnitCount {
            let matches = (0..<member.key.count).allSatisfy { line[member.key.lowerBound + $0] == key.utf8Start[$0] }
            if matches { return member.value }
        }
        return nil
    }

    func has(_ key: StaticString) -> Bool { range(key) != nil }

    /// True where the member is this very text, which holds nothing that JSON escapes.
    func equals(_ key: StaticString, _ text: StaticString) -> Bool {
        guard let range = range(key), range.count == text.utf8CodeUnitCount + 2 else { return false }
        return (0..<text.utf8CodeUnitCount).allSatisfy { line[range.lowerBound + 1 + $0] == text.utf8Start[$0] }
    }

    func text(_ key: StaticString) -> String? {
        guard let range = range(key), range.count >= 2, line[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
        let inner = line[range.lowerBound + 1..<range.upperBound - 1]
        if inner.contains(UInt8(ascii: "\\")) { return value(key)?.stringValue }
        return String(decoding: inner, as: UTF8.self)
    }

    func integer(_ key: StaticString) -> Int? {
        guard let range = range(key), range.count < 19 else { return nil }
        var number = 0
        for byte in line[range] {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }

    /// The task that the line is about.
    var task: TaskID? {
        text("task").map { TaskID(name: $0, inputs: text("inputs"), instance: text("instance")) }
    }

    /// The member, whole.
    func value(_ key: StaticString) -> Value? {
        guard let range = range(key) else { return nil }
        return try? JSONReader.value(Array(line[range]))
    }
}
