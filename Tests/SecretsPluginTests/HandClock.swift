import OpsCore
import Synchronization
import TestKit

@testable import SecretsPlugin

/// A clock that a test moves: time passes only when `pass` says so.
final class HandClock: VaultClock {
    /// Which end of its range every spread is.
    enum Chance: Sendable {
        case least
        case middle
        case most
    }

    private struct Sleeper {
        var number: Int
        var due: UInt64
        var duration: Duration
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var ticks: UInt64 = 0
        var asked: [Int] = []
        var sleepers: [Sleeper] = []
        var lastNumber = 0
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())
    private let chance: Chance
    /// Each sleep takes no time of the test's: the clock jumps to its end.
    private let jumps: Bool

    init(_ chance: Chance = .middle, jumps: Bool = false) {
        self.chance = chance
        self.jumps = jumps
    }

    var ticks: UInt64 { state.withLock { $0.ticks } }

    /// Milliseconds of all sleeps that began, in order.
    var asked: [Int] { state.withLock { $0.asked } }

    func spread(_ range: ClosedRange<Double>) -> Double {
        switch chance {
        case .least: range.lowerBound
        case .middle: (range.lowerBound + range.upperBound) / 2
        case .most: range.upperBound
        }
    }

    func sleep(for duration: Duration) async throws {
        let number = state.withLock { state in
            state.asked.append(Self.milliseconds(duration))
            state.lastNumber += 1
            if jumps { state.ticks += UInt64(duration.nanoseconds) }
            return state.lastNumber
        }
        if jumps { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if state.cancelled.contains(number) { return true }
                    let due = state.ticks + UInt64(duration.nanoseconds)
                    state.sleepers.append(
                        Sleeper(number: number, due: due, duration: duration, continuation: continuation))
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.cancelled.insert(number)
                return state.sleepers.firstIndex { $0.number == number }.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Waits until somebody sleeps, lets the time of the one who is due first pass, and gives the milliseconds it took.
    @discardableResult
    func pass() async throws -> Int? {
        let isAsleep = try await eventually { state.withLock { !$0.sleepers.isEmpty } }
        guard isAsleep else { return nil }
        let sleeper = state.withLock { state in
            let first = state.sleepers.indices.min { state.sleepers[$0].due < state.sleepers[$1].due }
            return first.map { index in
                let sleeper = state.sleepers.remove(at: index)
                state.ticks = max(state.ticks, sleeper.due)
                return sleeper
            }
        }
        sleeper?.continuation.resume()
        return sleeper.map { Self.milliseconds($0.duration) }
    }

    private static func milliseconds(_ duration: Duration) -> Int { Int((duration.seconds * 1000).rounded()) }
}
