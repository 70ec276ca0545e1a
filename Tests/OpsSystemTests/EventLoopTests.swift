import Glibc
import OpsCore
import OpsSystem
import Synchronization
import TestKit
import Testing

/// An actor that lives on the loop, as the engine does.
private actor OnLoop {
    nonisolated var unownedExecutor: UnownedSerialExecutor { EventLoop.shared.asUnownedSerialExecutor() }
    private var count = 0

    func add() -> (Int, Bool) {
        count += 1
        return (count, EventLoop.shared.isCurrent)
    }
}

@Suite struct EventLoopTests {
    @Test func actorsAndTasksRunOnTheLoop() async {
        let actor = OnLoop()
        #expect(await actor.add() == (1, true))
        #expect(!EventLoop.shared.isCurrent)
        let isOn = await Task(executorPreference: EventLoop.shared) { EventLoop.shared.isCurrent }.value
        #expect(isOn)
        let total = await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { _ = await actor.add() } }
            await group.waitForAll()
            return await actor.add().0
        }
        #expect(total == 1002)
    }

    @Test func ordinaryActorsWorkFromTheLoopAndFromElsewhere() async {
        let counter = PlainCounter()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<2000 {
                if number.isMultiple(of: 2) {
                    group.addTask(executorPreference: EventLoop.shared) { await counter.add() }
                } else {
                    group.addTask { await counter.add() }
                }
            }
        }
        #expect(await counter.count == 2000)
    }

    @Test func signalsArriveOnTheLoop() async throws {
        let list = Recorder()
        try SignalSource.start { signal in
            // Whoever interrupts the tests means it.
            if signal == SIGINT { SignalSource.dieBy(signal) }
            list.add(EventLoop.shared.isCurrent ? Int(signal) : -1)
        }
        kill(getpid(), SIGHUP)
        kill(getpid(), SIGTERM)
        #expect(try await eventually { list.items.count == 2 })
        #expect(Set(list.items) == [Int(SIGHUP), Int(SIGTERM)])
    }

    @Test func submittedWorkKeepsItsOrder() async {
        let seen = await withCheckedContinuation { (continuation: CheckedContinuation<[Int], Never>) in
            let list = Recorder()
            for number in 0..<100 { EventLoop.shared.submit { list.add(number) } }
            EventLoop.shared.submit { continuation.resume(returning: list.items) }
        }
        #expect(seen == Array(0..<100))
    }

    @Test func sleepsAndIsCancelled() async throws {
        let start = Clock.ticks()
        try await EventLoop.shared.sleep(for: .milliseconds(30))
        #expect(Clock.elapsed(since: start) >= .milliseconds(30))
        let task = Task { try await EventLoop.shared.sleep(for: .seconds(100)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        let late = Task { try await EventLoop.shared.sleep(for: .seconds(100)) }
        try await EventLoop.shared.sleep(for: .milliseconds(5))
        late.cancel()
        await #expect(throws: CancellationError.self) { try await late.value }
    }

    @Test func timersFireInOrder() async {
        var fired: [Int] = []
        // Only where all are set at about the same time is it known which is due first.
        for _ in 0..<100 {
            let (isKnown, found) = await Self.timers([30, 10, 20])
            fired = found
            if isKnown { break }
        }
        #expect(fired == [10, 20, 30])
    }

    @EventLoopActor
    private static func timers(_ waits: [Int]) async -> (isKnown: Bool, fired: [Int]) {
        let list = Recorder()
        let start = Clock.ticks()
        var isKnown = false
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            for wait in waits {
                EventLoop.shared.after(.milliseconds(wait)) {
                    list.add(wait)
                    if list.items.count == waits.count { continuation.resume() }
                }
            }
            isKnown = Clock.elapsed(since: start) < .milliseconds(9)
        }
        return (isKnown, list.items)
    }
}

private actor PlainCounter {
    var count = 0

    func add() { count += 1 }
}

private final class Recorder: Sendable {
    private let list = Mutex<[Int]>([])

    var items: [Int] { list.withLock { $0 } }

    func add(_ number: Int) { list.withLock { $0.append(number) } }
}
