import Logging
import OpsCore
import OpsHTTP
import OpsPlugin
import OpsSystem
import OrderedCollections

/// A request, what is expected of its answer, and where that goes.
struct Exchange: Sendable {
    var service: HTTPService
    var request: HTTPRequest
    var expectation: Expectation
    /// The absolute path of the file the body goes to.
    var output: String?
    /// The longest wait for one answer.
    var timeout: Duration
    var context: RunContext

    private var name: String { "\(request.method) \(request.name)" }

    /// Sends the request once.
    ///
    /// Throws: an `OpsError` (`mismatch`) where the answer is not as expected, else as `HTTPService.send`.
    func perform() async throws -> [String: Value] {
        if output != nil { return try await attempt(timeout) }
        let late = OpsError(.timeout, "no whole answer from \(request.name) within \(timeout.text)")
        return try await withDeadline(timeout + .milliseconds(100), late) { try await attempt(timeout) }
    }

    /// Sends the request until the answer is as expected.
    ///
    /// Throws: an `OpsError` (`timeout`) with the last failure when the time is over.
    func repeated(until limit: Duration, interval: Duration) async throws -> [String: Value] {
        let clock = ContinuousClock()
        let end = clock.now + limit
        var count = 0
        while true {
            count += 1
            do {
                var exchange = self
                // At least one request has a fair chance, also where the time is short.
                exchange.timeout = min(timeout, max(clock.now.duration(to: end), .seconds(1)))
                return try await exchange.perform()
            } catch let error as OpsError where [.mismatch, .unavailable, .timeout].contains(error.code) {
                guard clock.now + interval < end else {
                    throw OpsError(
                        .timeout, "not as expected within \(limit.text), \(count) requests; the last: \(error.message)",
                        hint: error.hint)
                }
                context.logger.info("\(error.message); trying again in \(interval.text)")
            }
            try await Task.sleep(for: interval)
        }
    }

    private func attempt(_ timeout: Duration) async throws -> [String: Value] {
        let response = try await service.send(request, timeout: timeout, logger: context.logger)
        guard expectation.allows(status: response.status) else {
            let said = await response.excerpt()
            throw OpsError(
                .mismatch,
                "\(name) answered \(response.status), expected \(expectation.statusText)"
                    + (said.isEmpty ? "" : ": \(said)"))
        }
        var headers = ValueMap()
        for (name, value) in response.headers {
            let key = name.lowercased()
            headers[key] = .string(headers[key]?.stringValue.map { $0 + ", " + value } ?? value)
        }
        var outputs: [String: Value] = [
            "status": .integer(response.status), "headers": .map(headers), "body": .null, "json": .null,
        ]
        if let output {
            try await download(response, to: output)
            return outputs
        }
        let bytes = try await body(of: response)
        let text = String(validating: bytes, as: UTF8.self)
        outputs["body"] = text.map { .string($0) } ?? .null
        if text == nil {
            context.logger.warning("the answer of \(request.name) is not UTF-8 text; 'output' would keep it")
        }
        if let wanted = expectation.text, !(text?.contains(wanted) ?? false) {
            throw OpsError(.mismatch, "\(name) answered \(response.status), but the body does not contain '\(wanted)'")
        }
        if Self.isJSON(response.header("content-type")), !bytes.isEmpty {
            do {
                outputs["json"] = try JSONReader.value(bytes)
            } catch {
                context.logger.warning("the answer of \(request.name) says it is JSON, but is \(error.message)")
            }
        }
        return outputs
    }

    private func body(of response: HTTPResponse) async throws -> [UInt8] {
        do {
            return try await response.collect(limit: RequestAction.bodyLimit)
        } catch var error as OpsError {
            if error.code == .mismatch {
                // A body that is too large stays so, however often it is asked for.
                error.code = .unsupported
                error.hint = "'output: FILE' takes any size"
            }
            throw error
        }
    }

    private func download(_ response: HTTPResponse, to path: String) async throws {
        let file = try AtomicFile(path)
        var count = 0
        for try await chunk in response.chunks {
            try file.write(chunk)
            count += chunk.count
            context.progress(Progress(done: count, total: response.contentLength, unit: "bytes"))
        }
        try file.commit()
    }

    /// `application/json`, or a type that ends in `+json` (RFC 6839).
    private static func isJSON(_ type: String?) -> Bool {
        let name = (type ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return name == "application/json" || name.hasSuffix("+json")
    }
}
