package import OpsCore

/// Receives the events of a run, in order, on one thread.
package protocol RunEventSink: AnyObject {
    func receive(_ event: RunEvent)
    /// What keeps it from doing what the run relies on; the run ends because of it.
    var failure: OpsError? { get }
}

extension RunEventSink {
    package var failure: OpsError? { nil }
}
