/// What a run is known to the server by.
struct VaultToken: Sendable {
    /// nil where an agent adds its own.
    var text: String?
    /// Names the token without giving it; batch tokens have none.
    var accessor: String?
    /// True where this run made it by a login, so that it may be made again and is revoked at the end.
    var isOurs = false
    /// In seconds; 0 where it does not end.
    var duration = 0
    var isRenewable = false

    /// True where its end also ends the leases that were made with it.
    var endsItsLeases: Bool { isOurs && accessor != nil }
}
