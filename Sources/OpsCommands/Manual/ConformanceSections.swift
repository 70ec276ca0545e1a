import OpsPluginHost

/// What ops-plugin(7) says of the rules of the protocol and of the kit that checks them.
enum ConformanceSections {
    /// The rules in their order.
    static var rules: String {
        let items = ProtocolRule.all.map { ".It Ic \($0.name)\n\(Mdoc.prose($0.text.replacing("`", with: "")))\n" }
        return ".Bl -tag -width M000\n" + items.joined() + ".El\n"
    }

    /// The checks in the order in which they run.
    static var checks: String {
        let rows = ConformanceCheck.all.map { check in
            ".It Ic \(check.id) Pq \(check.rules.joined(separator: " , "))\n\(Mdoc.prose(check.title + "."))\n"
        }
        return ".Bl -tag -width Ds\n" + rows.joined() + ".El\n"
    }
}
