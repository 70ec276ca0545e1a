import HTTPTestServer

/// Its key-value engines: `secret` and `team/kv` of version 2, `old` and `secretv1` of version 1.
extension VaultDouble {
    static let nothing = Answer.json(404, #"{"errors":[]}"#)

    static func mount(_ path: String, isNarrow: Bool) -> Answer {
        func reply(_ mount: String, _ type: String, _ options: String) -> Answer {
            .json(200, #"{"data":{"path":"\#(mount)/","type":"\#(type)","options":\#(options)}}"#)
        }
        if isNarrow, path != "secret/ci/registry" {
            return .json(
                403,
                #"{"errors":["preflight capability check returned 403, please ensure client's policies grant access to path \"\#(path)/\""]}"#
            )
        }
        if path.hasPrefix("secret/") { return reply("secret", "kv", #"{"version":"2"}"#) }
        if path.hasPrefix("secretv1/") || path.hasPrefix("old/") {
            return reply(String(path.prefix { $0 != "/" }), "kv", "null")
        }
        if path.hasPrefix("team/kv/") { return reply("team/kv", "kv", #"{"version":"2"}"#) }
        if path.hasPrefix("pki/") { return reply("pki", "pki", "null") }
        return .json(
            403,
            #"{"errors":["preflight capability check returned 403, please ensure client's policies grant access to path \"\#(path)/\""]}"#
        )
    }

    static func read(_ path: String, _ request: ServedRequest) -> Answer {
        switch request.target.dropFirst("/v1/".count) {
        case "secret/data/ci/registry":
            return .json(
                200,
                """
                {"data":{"data":{"password":"pa55-s3cret","user":"bob","id":12345678901234567890,"a.b":"dotted",
                "a":{"b":"nested","c":{"d":"deep"}},"empty":"","null":null,"coded":"aGk=","list":[1,"two"],"on":true},
                "metadata":{"version":3,"created_time":"2026-01-31T10:00:00Z","deletion_time":"","destroyed":false}}}
                """)
        case "secret/data/ci/registry?version=1":
            return .json(200, #"{"data":{"data":{"password":"first-s3cret"},"metadata":{"version":1}}}"#)
        case "secret/data/ci/registry?version=2":
            return .json(
                404,
                #"{"data":{"data":null,"metadata":{"version":2,"deletion_time":"2026-02-01T10:00:00Z","destroyed":false}}}"#
            )
        case "secret/data/gone":
            return .json(404, #"{"data":{"data":null,"metadata":{"version":7,"deletion_time":"","destroyed":true}}}"#)
        case "secret/metadata/ci/registry":
            return .json(
                200,
                """
                {"data":{"current_version":3,"versions":{"1":{"created_time":"2026-01-01T10:00:00Z","deletion_time":"","destroyed":false},
                "2":{"created_time":"2026-01-02T10:00:00Z","deletion_time":"2026-02-01T10:00:00Z","destroyed":false},
                "3":{"created_time":"2026-01-31T10:00:00Z","deletion_time":"","destroyed":false}}}}
                """)
        case "secret/ci/registry":
            return .json(404, #"{"errors":[],"warnings":["Invalid path for a versioned K/V secrets engine."]}"#)
        case "team/kv/data/app%20one":
            return .json(200, #"{"data":{"data":{"key":"team-s3cret"},"metadata":{"version":1}}}"#)
        case "old/ci":
            return .json(200, #"{"lease_id":"","lease_duration":1800,"data":{"password":"old-s3cret","ttl":"30m"}}"#)
        case "secretv1/x": return .json(200, #"{"data":{"k":"v1-s3cret"}}"#)
        default:
            return path.hasPrefix("nowhere/") ? .json(404, #"{"errors":["no handler for route 'nowhere/'"]}"#) : nothing
        }
    }
}
