package import OpsPlugin

/// Messages to people.
package enum NotifyPlugin {
    package static let plugin = Plugin(
        name: "notify", summary: "Tell people what happened", actions: [SlackAction()])
}
