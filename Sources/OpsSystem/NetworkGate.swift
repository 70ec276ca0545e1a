package import OpsCore

/// What requests that ops makes itself, for a step that may reach only some servers, are held to.
///
/// A type of its own: the runtime is given none for a task-local value that is a bare function, where the compiler
/// optimizes, and crashes.
package struct NetworkGate: Sendable {
    /// Of the step that is running; nil where it may reach any server.
    @TaskLocal package static var current: NetworkGate?

    private let body: @Sendable (_ host: String, _ port: Int) -> OpsError?

    package init(_ body: @escaping @Sendable (_ host: String, _ port: Int) -> OpsError?) { self.body = body }

    /// Why a request may not go to a server; nil where it may. Asked before each request, redirects included.
    package func refusal(_ host: String, _ port: Int) -> OpsError? { body(host, port) }
}
