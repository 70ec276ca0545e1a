import HTTPTestServer
import OpsCore

/// Its leases, and answers that wait under a token.
extension VaultDouble {
    /// Paths that make secrets, and the leases of those; nil for all else.
    static func leases(
        _ path: String, _ request: ServedRequest, _ token: String, _ state: inout State
    ) -> Answer? {
        let body = (try? JSONReader.value(request.body)) ?? .null
        switch path {
        case "database/creds/ci":
            state.made += 1
            let id = "database/creds/ci/lease-\(state.made)"
            state.leases[id] = Lease(token: token)
            return .json(
                200,
                #"{"lease_id":"\#(id)","lease_duration":\#(state.manner.leaseDuration),"renewable":"#
                    + #"\#(state.manner.isLeaseRenewable),"data":{"username":"v-ci-\#(state.made)","#
                    + #""password":"pw-s3cret-\#(state.made)"}}"#)
        case "pki/issue/web":
            guard request.method == "POST", let name = body["common_name"]?.stringValue else {
                return .json(405, #"{"errors":["1 error occurred:\n\t* unsupported operation\n\n"]}"#)
            }
            guard name.hasSuffix(".example") else {
                return .json(400, #"{"errors":["common name \#(name) not allowed by this role"]}"#)
            }
            return .json(
                200,
                #"{"lease_id":"","lease_duration":0,"renewable":false,"data":{"certificate":"for \#(name) \#(body["ttl"]?.stringValue ?? "")","#
                    + #""private_key":"key-s3cret","serial_number":123456789012345678901234567890}}"#)
        case "sys/leases/renew":
            guard let id = body["lease_id"]?.stringValue, let lease = state.leases[id], !lease.isRevoked else {
                return .json(400, #"{"errors":["lease not found"]}"#)
            }
            state.leases[id]?.renewals += 1
            guard state.manner.isLeaseRenewable else { return .json(400, #"{"errors":["lease is not renewable"]}"#) }
            guard state.manner.failingRenewals == 0 else {
                state.manner.failingRenewals -= 1
                return .json(500, #"{"errors":["internal error"]}"#)
            }
            let time = state.manner.renewedDuration ?? state.manner.leaseDuration
            return .json(200, #"{"lease_id":"\#(id)","lease_duration":\#(time),"renewable":true}"#)
        case "sys/leases/revoke":
            if let id = body["lease_id"]?.stringValue { state.leases[id]?.isRevoked = true }
            // An id that nobody knows is fine to it.
            return .response(204)
        default: return nil
        }
    }

    static func wrapping(
        _ path: String, _ named: String?, _ request: ServedRequest, _ state: inout State
    ) -> Answer {
        let token = path == "sys/wrapping/lookup" ? named : request.header("x-vault-token")
        guard let token, let wrapped = state.wrapped[token], !wrapped.isOpened else {
            return .json(400, #"{"errors":["wrapping token is not valid or does not exist"]}"#)
        }
        guard path == "sys/wrapping/unwrap" else {
            return .json(
                200,
                #"{"data":{"creation_path":"\#(wrapped.path)","creation_time":"2026-01-31T10:00:00.123456789Z","creation_ttl":300}}"#
            )
        }
        state.wrapped[token]?.isOpened = true
        return .json(200, wrapped.body)
    }
}
