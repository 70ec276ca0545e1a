import OpsPluginHost
import Testing

/// The rules of the protocol and the checks of the kit belong together.
@Suite struct ConformanceCheckTests {
    @Test func everyRuleIsChecked() {
        let checked = Set(ConformanceCheck.all.flatMap(\.rules))
        #expect(ProtocolRule.all.map(\.name).filter { !checked.contains($0) } == [])
        #expect(checked.subtracting(ProtocolRule.all.map(\.name)) == [])
    }

    @Test func namesAreOnesOwn() {
        #expect(Set(ConformanceCheck.all.map(\.id)).count == ConformanceCheck.all.count)
        #expect(Set(ProtocolRule.all.map(\.name)).count == ProtocolRule.all.count)
    }
}
