import OpsCore
import OpsPlugin
import OpsSystem
import OrderedCollections

extension ConformanceCheck {
    /// Calls that are ended early.
    static let endingChecks = [
        ConformanceCheck("cancel", ["M16"], "A cancelled call ends with a result") { session in
            let (request, label, action) = try await session.anything()
            if let action, action.cancellation == .kill { return .skipped("the manifest says 'cancel: kill'") }
            let line = PluginHostMessage.cancelLine(id: request.id, reason: .timeout, grace: session.limit)
            let answer = try await session.ask(
                request, "\(label), cancelled", then: .send(line + [0x0A]), limit: session.limit + .seconds(1))
            guard let result = answer.results.last else {
                return .failed("no result came: \(answer.ending)", hint: "answer with the status 'cancelled'")
            }
            return .passed("the result is '\(result.status.rawValue)' after \(answer.duration.shortText)")
        },
        ConformanceCheck("end-of-input", ["M17"], "It ends when ops is gone") { session in
            let (request, label, _) = try await session.anything()
            let answer = try await session.ask(
                request, "\(label), ops gone", then: .closeInput, limit: session.limit)
            guard answer.status != nil else {
                return .failed("it went on without ops", hint: "read standard input beside the work")
            }
            return .passed("ended after \(answer.duration.shortText)")
        },
        ConformanceCheck("terminate", ["M18"], "SIGTERM ends it") { session in
            let (request, label, _) = try await session.anything()
            let answer = try await session.ask(request, "\(label), SIGTERM", then: .terminate)
            guard answer.duration < session.limit else { return .failed("only SIGKILL ended it") }
            return .passed("ended after \(answer.duration.shortText)")
        },
    ]

    /// What holds for all calls together.
    static let overallChecks = [
        ConformanceCheck("lines", ["M4"], "Standard output holds the protocol only") { session in
            let answers = try await session.heard()
            for answer in answers where answer.call.isByOps {
                if answer.isOversize { return .failed("\(answer.call.label): a line is larger than 1 MiB") }
                for line in answer.lines {
                    do throws(OpsError) { _ = try PluginMessage(line: line) } catch {
                        return .failed(
                            "\(answer.call.label): \(error.message): \(quote(line))",
                            hint: "write what is for people to standard error")
                    }
                }
                if !answer.unfinished.isEmpty, answer.status != nil {
                    return .failed("\(answer.call.label): the last line has no end: \(quote(answer.unfinished))")
                }
            }
            return .passed("\(answers.reduce(0) { $0 + $1.lines.count }) lines of \(answers.count) calls")
        },
        ConformanceCheck("one-result", ["M5"], "The result comes once, and last") { session in
            let answers = try await session.heard().filter { $0.call.id != nil && $0.status != nil }
            for answer in answers {
                let results = answer.results
                // Without ops nobody waits for it.
                if results.isEmpty, case .closeInput = answer.call.then { continue }
                guard let result = results.last, let last = answer.lines.last else {
                    return .failed("\(answer.call.label): no result came, \(answer.ending)")
                }
                guard results.count == 1 else { return .failed("\(answer.call.label): \(results.count) results came") }
                guard result.id == answer.call.id else {
                    return .failed(
                        "\(answer.call.label): the result is for '\(result.id)', not '\(answer.call.id ?? "")'")
                }
                guard case .result? = try? PluginMessage(line: last) else {
                    return .failed("\(answer.call.label): a line follows the result: \(quote(last))")
                }
            }
            return .passed("in \(answers.count) calls")
        },
        ConformanceCheck("exit-status", ["M6"], "It ends with status 0 after its result") { session in
            var count = 0
            for answer in try await session.heard() where !answer.results.isEmpty {
                if case .terminate = answer.call.then { continue }
                count += 1
                guard answer.status == .exited(0) else {
                    return .failed("\(answer.call.label): after its result, \(answer.ending)")
                }
            }
            return .passed("\(count) times")
        },
        ConformanceCheck("left-overs", ["M21"], "No process is left behind") { session in
            let answers = try await session.heard()
            if let answer = answers.first(where: \.endedLeftOvers) {
                return .failed("\(answer.call.label): a process that it started was still there")
            }
            return .passed("none after \(answers.count) calls")
        },
        ConformanceCheck("own-folder", ["M20"], "The plugin's folder stays as it is") { session in
            _ = try await session.heard()
            let changes = try FolderSnapshot(session.plugin.folder).changes(since: session.ownFolder)
            guard changes.isEmpty else {
                let more = changes.count > 5 ? ", and \(changes.count - 5) more" : ""
                return .failed(
                    "changed: " + changes.prefix(5).joined(separator: ", ") + more,
                    hint: "caches belong elsewhere: in Python, sys.dont_write_bytecode = True")
            }
            return .passed("nothing changed")
        },
    ]

    private static func quote(_ line: [UInt8]) -> String {
        JSONWriter.text(.string(String(decoding: line.prefix(PluginProtocol.quoteLimit), as: UTF8.self)))
    }
}
