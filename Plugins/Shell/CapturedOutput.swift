import OpsCore
import Synchronization

/// The standard output of a step that returns it, up to its limit.
final class CapturedOutput: Sendable {
    /// Design: 1 MiB at most.
    static let limit = 1 << 20

    private let isNeeded: Bool
    private let bytes = Mutex<[UInt8]>([])

    init(isNeeded: Bool) { self.isNeeded = isNeeded }

    func append(_ chunk: UnsafeRawBufferPointer) {
        guard isNeeded else { return }
        // One byte past the limit tells that there was more.
        bytes.withLock { $0.append(contentsOf: chunk.prefix(max(0, Self.limit + 1 - $0.count))) }
    }

    /// The text without white space around it.
    ///
    /// Throws: an `OpsError` (`mismatch`) where it is too long or not UTF-8.
    func trimmedText(_ name: String) throws(OpsError) -> String {
        let content = bytes.withLock { $0 }
        guard content.count <= Self.limit else {
            throw OpsError(
                .mismatch, "standard output, the output '\(name)', is larger than 1 MiB",
                hint: "write it to a file and return its name")
        }
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = content.firstIndex(where: { !isSpace($0) }),
            let last = content.lastIndex(where: { !isSpace($0) })
        else { return "" }
        guard let text = String(validating: content[first...last], as: UTF8.self) else {
            throw OpsError(.mismatch, "standard output, the output '\(name)', is not UTF-8")
        }
        return text
    }
}
