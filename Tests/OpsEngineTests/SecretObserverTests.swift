import Synchronization
import Testing

@testable import OpsEngine

/// What a CI service that masks by itself is told.
@Suite struct SecretObserverTests {
    @Test func eachValueIsToldOnceAlsoThoseOfBefore() {
        let told = Mutex<[String]>([])
        let registry = registry([("early", " hunter22\n"), ("again", "hunter22")])
        registry.observe { registration in
            let values = registration.values.map { String(decoding: $0, as: UTF8.self) }
            told.withLock { $0.append("\(registration.name)=\(values)") }
        }
        registry.register(name: "late", bytes: Array(#"{"user":"somebody","on":true}"#.utf8))
        registry.register(name: "late", bytes: Array("somebody".utf8))
        registry.register(name: "short", bytes: Array("abc".utf8))
        registry.register(name: "word", bytes: Array("true".utf8))
        #expect(
            told.withLock { $0 } == [
                #"early=["hunter22"]"#, #"late=["{\"user\":\"somebody\",\"on\":true}", "somebody"]"#,
            ])
    }

    @Test func theCommandEscapesWhatWouldEndIt() {
        let value = Array("50% off\r\nsecond: line, ".utf8) + [0xFF]
        #expect(
            WorkflowCommand.mask(value) == Array("::add-mask::50%25 off%0D%0Asecond: line, ".utf8) + [0xFF, 0x0A])
        #expect(WorkflowCommand.property(Array("a:b,c%\n".utf8)) == Array("a%3Ab%2Cc%25%0A".utf8))
    }
}
