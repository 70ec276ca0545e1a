import OpsCore
import OpsPlugin
import OrderedCollections
import TestKit
import Testing

/// The plugin that ops-plugin(7) shows is this code, and it works.
@Suite struct GreetingExampleTests {
    @Test func planKnowsWhatTheRunGives() async throws {
        let harness = ActionHarness(try #require(greetings.actions.first), in: try TemporaryFolder())
        let plan = try await harness.plan(["name": .string("world")])
        let outputs = try await harness.run(["name": .string("world")])
        #expect(plan.outputs == outputs)
        #expect(outputs == ["text": .string("Hello world")])
    }

    @Test func manualShowsIt() throws {
        let here = String(#filePath.dropLast("GreetingExampleTests.swift".count))
        let code = String(decoding: try readAll(here + "GreetingExample.swift"), as: UTF8.self)
        let page = String(decoding: try readAll(here + "../../man/ops-plugin.7"), as: UTF8.self)
        #expect(page.contains(code.replacing("\\", with: "\\e")))
    }
}
