import OpsCore
import OpsEngine
import OpsPlugin
import OpsRecipe
import TestKit
import Testing

/// What a run makes on servers to get its secrets is taken back at its end, or by the next run.
@Suite struct SecretDebtTests {
    private let provider = LeaseProvider()

    private func fixture(_ path: String, _ step: String = "run: a") throws -> EngineFixture {
        try EngineFixture(
            """
            secrets: { s: "lease://\(path)" }
            tasks: { a: { env: { S: "${{ secrets.s }}" }, \(step) } }
            """, providers: [provider])
    }

    @Test func `at the end of a run that succeeds`() async throws {
        let fixture = try fixture("dynamic")
        let result = try await fixture.run(try await fixture.plan(["a"]))
        #expect(result.finished.exitStatus == 0)
        #expect(result.debts == ["owed lease dynamic", "revoked lease dynamic"])
        #expect(provider.revoked == ["dynamic"])
    }

    @Test func `at the end of a run that fails`() async throws {
        let fixture = try fixture("dynamic", "fake.run: { command: a, fail: 1 }")
        let result = try await fixture.run(try await fixture.plan(["a"]))
        #expect(result.finished.exitStatus == 1)
        #expect(provider.revoked == ["dynamic"])
    }

    @Test func `at the end of a run that is interrupted`() async throws {
        let fixture = try fixture("dynamic", "fake.run: { command: a, wait: 1h }")
        let result = try await fixture.run(try await fixture.plan(["a"]), interruptAfter: .seconds(5))
        #expect(result.finished.exitStatus == 130)
        #expect(provider.revoked == ["dynamic"])
    }

    @Test func `what cannot be taken back is a warning with its id, and does not fail the run`() async throws {
        let fixture = try fixture("dynamic-refused")
        let result = try await fixture.run(try await fixture.plan(["a"]))
        #expect(result.finished.exitStatus == 0)
        #expect(result.debts == ["owed lease dynamic-refused"])
        #expect(
            result.messages == [
                "what this run made could not be taken back: lease dynamic-refused: nobody is there"
            ])
    }

    @Test func `a server that does not answer delays the end by thirty seconds at most`() async throws {
        let fixture = try fixture("dynamic-stuck")
        let result = try await fixture.run(try await fixture.plan(["a"]))
        #expect(result.finished.exitStatus == 0)
        #expect(result.finished.duration >= .seconds(30) && result.finished.duration < .seconds(31))
        #expect(result.messages.count == 1 && result.messages[0].contains("within 30s: the next run tries again"))
    }

    @Test func `an id that holds a secret is not recorded`() async throws {
        let fixture = try EngineFixture(
            """
            secrets: { part: "lease://static", s: "lease://dynamic-value-of-static" }
            tasks: { a: { env: { P: "${{ secrets.part }}", S: "${{ secrets.s }}" }, run: a } }
            """, providers: [provider])
        let result = try await fixture.run(try await fixture.plan(["a"]))
        #expect(!result.debts.contains { $0.hasPrefix("owed") })
        #expect(provider.revoked == ["dynamic-value-of-static"])
        #expect(!result.messages.contains { $0.contains("value-of-static") })
    }

    @Test func `the next run takes back what a run that was killed has left`() async throws {
        let fixture = try EngineFixture("tasks: { a: { run: a } }", providers: [provider])
        let earlier = EarlierDebts(
            run: "killed",
            debts: [SecretDebt(scheme: "lease", id: "one"), SecretDebt(scheme: "lease", id: "two-refused")])
        let result = try await fixture.run(try await fixture.plan(["a"]), earlierDebts: [earlier])
        #expect(result.finished.exitStatus == 0)
        #expect(provider.revoked == ["one"])
        #expect(result.debts == ["revoked lease one of killed"])
        #expect(result.messages.contains("took back what the run killed left: lease one"))
        #expect(
            result.messages.contains(
                "what the run killed left could not be taken back: lease two-refused: nobody is there"))
    }

    // MARK: the record

    private func event(_ kind: RunEvent.Kind) -> RunEvent { RunEvent(time: 1, kind: kind) }

    private func state(_ folder: TemporaryFolder) throws -> StateDirectory {
        try StateDirectory(environment: ["OPS_STATE_DIR": folder.path])
    }

    @Test func `debts stand in the state folder until they are paid`() throws {
        let folder = try TemporaryFolder()
        let state = try state(folder)
        let (one, two) = (SecretDebt(scheme: "lease", id: "one"), SecretDebt(scheme: "lease", id: "two \"ä\""))
        let log = SecretDebtLog(run: "r1", state: state)
        #expect(SecretDebtLog.unpaid(state, own: "r2").isEmpty)
        for debt in [one, two, one] { log.receive(event(.secretOwed(debt))) }
        #expect(SecretDebtLog.unpaid(state, own: "r2") == [EarlierDebts(run: "r1", debts: [one, two, one])])
        log.receive(event(.secretRevoked(one, earlierRun: nil)))
        #expect(SecretDebtLog.unpaid(state, own: "r2") == [EarlierDebts(run: "r1", debts: [one, two])])
        // Another run pays one, and the run itself, resumed, the other.
        SecretDebtLog(run: "r2", state: state).receive(event(.secretRevoked(two, earlierRun: "r1")))
        #expect(SecretDebtLog.unpaid(state, own: "r1") == [EarlierDebts(run: "r1", debts: [one])])
        SecretDebtLog(run: "r1", state: state).receive(event(.secretRevoked(one, earlierRun: "r1")))
        #expect(SecretDebtLog.unpaid(state, own: "r2").isEmpty)
        #expect(!folder.exists("debts"))
    }

    @Test func `those of a run that goes on are its own`() throws {
        let folder = try TemporaryFolder()
        let state = try state(folder)
        let lock = try RunLock("r1", runDirectory: try state.makeRun("r1"))
        let debt = SecretDebt(scheme: "lease", id: "one")
        SecretDebtLog(run: "r1", state: state).receive(event(.secretOwed(debt)))
        #expect(SecretDebtLog.unpaid(state, own: "r2").isEmpty)
        #expect(SecretDebtLog.unpaid(state, own: "r1").count == 1)
        lock.release()
        #expect(SecretDebtLog.unpaid(state, own: "r2") == [EarlierDebts(run: "r1", debts: [debt])])
    }

    @Test func `a record that is torn or foreign loses no more than that line`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "debts/r1.jsonl",
            """
            {"time":1.000,"event":"secret-owed","scheme":"lease","id":"one"}
            nonsense
            {"time":1.000,"event":"secret-owed","scheme":"lease","id":"tw
            """)
        let unpaid = SecretDebtLog.unpaid(try state(folder), own: "r2")
        #expect(unpaid == [EarlierDebts(run: "r1", debts: [SecretDebt(scheme: "lease", id: "one")])])
    }
}
