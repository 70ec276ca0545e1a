import OpsCore
import OpsEngine
import OpsHTTP
import OpsSystem

/// Tells a service that watches over an unattended run that it started and how it ended: the protocol of
/// healthchecks.io ("Pinging API"), with the run's own identifier as `rid`.
///
/// A service that is slow or away costs a warning and at most `limit` twice, never the run.
@EventLoopActor
final class Heartbeat {
    /// How long the end of a run waits for one request, its retries included.
    private static let limit: Duration = .seconds(5)
    /// What the service is sent of the log: healthchecks.io keeps no more.
    private static let tailLength = 10_000

    private let run: Run
    private let log: @EventLoopActor (Int) -> [UInt8]
    private let id = Heartbeat.newID()
    private var start: _Concurrency.Task<URLParts?, Never>?

    /// - Parameter log: gives the last bytes of the run's report, masked.
    init(_ run: Run, log: @escaping @EventLoopActor (Int) -> [UInt8]) {
        self.run = run
        self.log = log
    }

    /// Tells of the start, in the background.
    func begin() {
        start = _Concurrency.Task(executorPreference: EventLoop.shared) {
            var url: URLParts?
            await self.warnOfFailure {
                guard let text = try await self.run.heartbeatURL() else { return }
                url = try URLParts(text)
                guard let url else { return }
                try await self.send(url, "start", [])
            }
            return url
        }
    }

    /// Tells how the run ended.
    func end(_ finished: RunFinished) async {
        guard let start else { return }
        // The end of a short run may come before its start was told.
        let timer = EventLoop.shared.after(Self.limit) { start.cancel() }
        let url = await start.value
        EventLoop.shared.cancelTimer(timer)
        guard let url else { return }
        var last = "\(finished.outcome.rawValue) in \(finished.duration.shortText)"
        if finished.exitStatus != 0 { last += " (exit status \(finished.exitStatus))" }
        if let reason = finished.reason { last += ": \(reason)" }
        let line = Array("run \(finished.run) \(last)\n".utf8)
        let body = log(max(0, Self.tailLength - line.count)) + line
        let isFine = finished.exitStatus == 0
        await warnOfFailure {
            let work = _Concurrency.Task(executorPreference: EventLoop.shared) {
                try await self.send(url, isFine ? nil : "fail", body)
            }
            let timer = EventLoop.shared.after(Self.limit) { work.cancel() }
            defer { EventLoop.shared.cancelTimer(timer) }
            try await work.value
        }
    }

    private func send(_ url: URLParts, _ segment: String?, _ body: [UInt8]) async throws {
        var target = url
        if let segment { target.path += (target.path.hasSuffix("/") ? "" : "/") + segment }
        let request = HTTPRequest(
            "POST", target.adding(query: [("rid", id)]),
            headers: body.isEmpty ? [] : [("Content-Type", "text/plain; charset=utf-8")], body: .bytes(body),
            label: "the heartbeat", isBodyPrivate: true)
        let response = try await HTTPService.shared.send(
            request, timeout: .seconds(4), retry: RetryPolicy(attempts: 3, delay: .milliseconds(300)))
        await response.discard()
        guard response.isSuccess else {
            throw OpsError(.mismatch, "it answered with status \(response.status)")
        }
    }

    private func warnOfFailure(_ body: @EventLoopActor () async throws -> Void) async {
        do { try await body() } catch is CancellationError {
            run.warn("the heartbeat was not told in time: no answer within \(Self.limit.text)")
        } catch {
            run.warn("the heartbeat was not told: \(OpsError.text(of: error))")
        }
    }

    /// A random UUID, as the service wants it (RFC 9562, version 4).
    private static func newID() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = hexadecimal(bytes)
        var parts: [Substring] = []
        var rest = digits[...]
        for length in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return parts.joined(separator: "-")
    }
}
