import OpsCore
import OpsPlugin
import OrderedCollections

extension RequestAction {
    /// Parameters, outputs and manual of `http.request`.
    static let requestDeclaration = ActionDeclaration(
        name: "http.request", summary: "Send an HTTP request and check the answer",
        description: """
            Sends one request and fails unless the answer is as expected: a 2xx status when `expect` says nothing \
            else. With `until` the request is repeated, also after connection errors, until the answer is as expected \
            or the time is over; a certificate that is not trusted ends it at once.

            Redirects are followed, but no header of the recipe goes to another host, and a body that holds a secret \
            is not sent there. Proxies are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY, authorities from \
            SSL_CERT_FILE and SSL_CERT_DIR; TLS is always verified.
            """,
        parameters: [
            Parameter(
                "url", .string, "Where the request goes: http or https", required: true,
                example: .string("https://example.com/health")),
            Parameter(
                "method", .choice(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]), "The request's method",
                default: .string("GET")),
            Parameter(
                "headers", .map(.string), "Header fields; a value may be a secret", secret: true,
                example: .map(["Authorization": .string("Bearer ${{ secrets.token }}")])),
            Parameter("body", .string, "The request's body as text", secret: true),
            Parameter("json", .any, "The request's body as a value, sent as JSON; instead of body"),
            Parameter(
                "output", .path(.write), "The file the answer's body goes to, whole or not at all",
                example: .string("dist/index.json")),
            Parameter(
                "expect",
                .record([
                    Parameter(
                        "status", .oneOrMore(.integer), "The statuses that are right; any 2xx where it is left out"),
                    Parameter("body-contains", .string, "Text that the answer's body must hold"),
                ]), "What the answer must be like", example: .map(["status": .integer(200)])),
            Parameter(
                "until", .duration, "Repeat the request until the answer is as expected, at most this long",
                example: .string("2m")),
            Parameter("interval", .duration, "The pause between repetitions", default: .string("2s")),
            Parameter(
                "timeout", .duration,
                "The longest wait for one answer; with output, for its beginning and for each part",
                default: .string("30s")),
            Parameter("follow", .integer, "How many redirects are followed; 0 is none", default: .integer(5)),
        ],
        outputs: [
            OutputDeclaration("status", .integer, "The answer's status"),
            OutputDeclaration(
                "body", .optional(.string),
                "The answer's body, at most 1 MiB; null with output, or where it is not UTF-8"),
            OutputDeclaration("headers", .map, "The answer's header fields, names in lower case"),
            OutputDeclaration("json", .any, "The answer's body as a value where its type is JSON, else null"),
        ],
        examples: [
            ActionExample(
                "Wait for a service",
                """
                http.request:
                  url: https://staging.example.com/health
                  expect: { status: 200, body-contains: healthy }
                  until: 2m
                """),
            ActionExample(
                "Send JSON with a token",
                """
                http.request:
                  url: https://api.example.com/deployments
                  method: POST
                  headers: { Authorization: "Bearer ${{ secrets.token }}" }
                  json: { ref: main, environment: staging }
                  expect: { status: [ 201, 202 ] }
                """),
            ActionExample(
                "Download a file",
                """
                http.request: { url: "https://example.com/data.json", output: data/data.json }
                """),
        ])
}
