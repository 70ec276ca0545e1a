package import OpsPlugin

/// Requests to web services.
package enum HTTPPlugin {
    package static let plugin = Plugin(
        name: "http", summary: "Send HTTP requests, check what they answer, wait for a service",
        actions: [RequestAction()])
}
