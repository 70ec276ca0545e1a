import OpsCore
package import OpsPlugin
package import OpsRecipe

/// The requests by which an unattended run tells a service that it goes on and how it ended.
package struct PlannedHeartbeat: Sendable {
    /// Gives the URL; it may hold secrets.
    package var template: Template
    /// The names of these secrets.
    package var secrets: [String]
    package var effects: [Effect]
}

extension Planner {
    /// Nil where the recipe has none, or its value is null. A URL that is known and is none is an error of the plan.
    mutating func plannedHeartbeat(_ scope: Scope) -> PlannedHeartbeat? {
        guard let template = recipe.heartbeat, let value = collect({ try template.evaluate(in: scope) }), !value.isNull
        else { return nil }
        let url: String
        if let unknown = value.firstUnknown {
            url = "<\(unknown.source)>"
        } else if value.containsSecret {
            url = "<secret \(value.secretNames.joined(separator: ", "))>"
        } else if let text = value.scalarText, text.hasPrefix("https://") || text.hasPrefix("http://") {
            url = text
        } else {
            keep(
                OpsError(
                    .invalid, "'heartbeat' is '\(value.scalarText ?? "")', which is no URL",
                    hint: "write https://…, or null for none"), at: template.range)
            return nil
        }
        var use = NameUse(vars: recipe.vars)
        use.add(template)
        let query = url.firstIndex(of: "?").map { url[$0...] } ?? ""
        let base = url.dropLast(query.count)
        return PlannedHeartbeat(
            template: template, secrets: use.secrets.sorted(),
            effects: [
                Effect(.request, "POST \(base)/start\(query)", detail: "when an unattended run starts"),
                Effect(.request, "POST \(url)", detail: "when it succeeded"),
                Effect(.request, "POST \(base)/fail\(query)", detail: "when it did not"),
            ])
    }
}
