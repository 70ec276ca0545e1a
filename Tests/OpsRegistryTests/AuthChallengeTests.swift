import OpsRegistry
import Testing

@Suite struct AuthChallengeTests {
    @Test(arguments: [
        (
            ["Bearer realm=\"https://auth.example.com/token\",service=\"reg\",scope=\"repository:a/b:pull,push\""],
            [
                AuthChallenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.example.com/token", "service": "reg",
                        "scope": "repository:a/b:pull,push",
                    ])
            ]
        ),
        (["Basic realm=\"x\""], [AuthChallenge(scheme: "basic", parameters: ["realm": "x"])]),
        (["BASIC"], [AuthChallenge(scheme: "basic", parameters: [:])]),
        (
            ["Negotiate, Basic realm=\"a, b\\\"c\" , Bearer  realm = https://x/t , service=y"],
            [
                AuthChallenge(scheme: "negotiate", parameters: [:]),
                AuthChallenge(scheme: "basic", parameters: ["realm": "a, b\"c"]),
                AuthChallenge(scheme: "bearer", parameters: ["realm": "https://x/t", "service": "y"]),
            ]
        ),
        (
            ["Bearer scope=repository:a:pull,push,realm=http://x/t?y=1,error=insufficient_scope"],
            [
                AuthChallenge(
                    scheme: "bearer",
                    parameters: [
                        "scope": "repository:a:pull,push", "realm": "http://x/t?y=1", "error": "insufficient_scope",
                    ])
            ]
        ),
        (
            ["Basic realm=a", "Bearer Realm=\"b\""],
            [
                AuthChallenge(scheme: "basic", parameters: ["realm": "a"]),
                AuthChallenge(scheme: "bearer", parameters: ["realm": "b"]),
            ]
        ),
        (["", ",,", "\"", "Bearer realm=\"open"], [AuthChallenge(scheme: "bearer", parameters: ["realm": "open"])]),
    ])
    func parses(_ headers: [String], _ expected: [AuthChallenge]) {
        #expect(AuthChallenge.parse(headers) == expected)
    }
}
