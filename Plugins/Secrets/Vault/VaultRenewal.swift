import Logging
import OpsCore
import OpsPlugin

/// Keeps a lease or a login alive: asks at about two thirds of its time, and after a failure ever less often.
struct VaultRenewal: Sendable {
    /// What it is, for messages.
    var name: String
    /// In seconds.
    var duration: Int
    var client: VaultClient
    var token: VaultToken
    var request: VaultRequest
    /// Where in the answer the new time stands: `auth`, or nil for its top.
    var member: String?

    private enum Outcome {
        case renewed(Int, isRenewable: Bool)
        /// The server will not do it, now or later.
        case refused(String)
        /// It may work another time.
        case failed(String)
    }

    /// Runs until it is cancelled, or there is nothing more to renew.
    func run() async {
        let pace = client.pace
        let clock = pace.clock
        var granted = Duration.seconds(duration)
        var start = clock.ticks
        var failures = 0
        // Some before and some after, so that what was made together is not renewed together.
        var wait = granted * 2 / 3 * clock.spread(0.95...1.05)
        while true {
            let remaining = granted - clock.elapsed(since: start)
            guard wait < remaining else { return end("was not renewed in time", remaining) }
            do {
                try await clock.sleep(for: max(wait, pace.leastRenewal))
            } catch {
                return
            }
            let asked = clock.ticks
            let outcome = await ask()
            if Task.isCancelled { return }
            switch outcome {
            case .renewed(let seconds, let isRenewable):
                (start, failures, granted) = (asked, 0, .seconds(seconds))
                client.logger.debug("\(name) was renewed for \(granted.text)")
                // Near its greatest age it gets shorter each time, and would be asked for ever more often.
                guard isRenewable, seconds * 10 > duration else { return end("is not renewable any more", granted) }
                wait = granted * 2 / 3 * clock.spread(0.95...1.05)
            case .refused(let why): return end("cannot be renewed\(why)", granted - clock.elapsed(since: start))
            case .failed(let why):
                client.logger.debug("\(name) could not be renewed yet: \(why)")
                wait = min(pace.backOff * (1 << min(failures, 16)), pace.longestBackOff)
                wait = max(wait * clock.spread(0.75...1.25), pace.leastRenewal)
                failures += 1
            }
        }
    }

    private func ask() async -> Outcome {
        let reply: VaultClient.Reply
        do throws(SecretFailure) {
            reply = try await client.send(request, token: token.text)
        } catch {
            return .failed(error.message)
        }
        let why = reply.said.isEmpty ? " (\(reply.status))" : ": \(reply.said)"
        if reply.status == 200 {
            let answer = member.map { reply.body[$0] ?? .null } ?? reply.body
            return .renewed(
                answer["lease_duration"]?.integerValue ?? 0, isRenewable: answer["renewable"]?.booleanValue ?? false)
        }
        let isFinal = (400..<500).contains(reply.status) && ![408, 412, 429, 472, 473, 474].contains(reply.status)
        return isFinal ? .refused(why) : .failed("it answered \(reply.status)")
    }

    private func end(_ what: String, _ remaining: Duration) {
        client.logger.warning("\(name) \(what); it ends in \(max(remaining, .zero).shortText)")
    }
}
