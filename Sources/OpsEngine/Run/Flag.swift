import Synchronization

/// A flag that is set once, from any thread.
final class Flag: Sendable {
    private let state = Atomic<Bool>(false)

    func set() { state.store(true, ordering: .releasing) }

    var isSet: Bool { state.load(ordering: .acquiring) }
}
