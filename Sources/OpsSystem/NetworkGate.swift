package import OpsCore

/// What requests that ops makes itself, for a step that may reach only some servers, are held to.
package enum NetworkGate {
    /// Why a request may not go to a server; nil where it may. Asked before each request, redirects included.
    @TaskLocal package static var refusal: (@Sendable (_ host: String, _ port: Int) -> OpsError?)?
}
