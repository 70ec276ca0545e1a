import OpsSystem

/// Runs `body` on the event loop: at once where the caller stands on it, so that it comes before whatever the caller
/// does next; else in its turn.
func onLoop(_ body: @escaping @Sendable @EventLoopActor () -> Void) {
    if EventLoop.shared.isCurrent {
        EventLoop.assumeIsolated { body() }
    } else {
        EventLoop.shared.submit { EventLoop.assumeIsolated { body() } }
    }
}
