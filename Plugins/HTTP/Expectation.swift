import OpsCore
import OpsPlugin

/// What an answer must be like.
struct Expectation: Sendable {
    /// Empty is any 2xx.
    var statuses: [Int] = []
    var text: String?

    /// Throws: an `OpsError` (`invalid`) where a status is none.
    init(_ arguments: Arguments) throws(OpsError) {
        guard let record = try arguments.record("expect") else { return }
        for item in try record.list("status") {
            guard let status = item.integerValue, (100...599).contains(status) else {
                throw arguments.error("expect.status", "a status is a number from 100 to 599")
            }
            statuses.append(status)
        }
        text = try record.optionalString("body-contains")
    }

    func allows(status: Int) -> Bool {
        statuses.isEmpty ? (200..<300).contains(status) : statuses.contains(status)
    }

    /// For a message: `200 or 204`.
    var statusText: String {
        statuses.isEmpty ? "2xx" : statuses.map(String.init).joined(separator: " or ")
    }
}
