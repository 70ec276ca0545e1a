import HTTPTestServer
import Synchronization

/// A stand-in for a 1Password Connect server with the answers that its API reference documents.
///
/// Its vaults are `CI`, `Twins` and another `twins`, and `Closed`, which the token cannot open.
final class ConnectDouble: Sendable {
    static let token = "eyJ-connect-s3cret"

    let server: HTTPTestServer
    private let codes: Counter

    /// - Parameter first: answers given before any other, one a request.
    init(first: [Answer] = []) async throws {
        let left = Counter(first.count)
        let codes = Counter(1)
        self.codes = codes
        server = try await HTTPTestServer { request in
            if let number = left.down() { return first[first.count - number] }
            guard request.header("authorization") == "Bearer \(Self.token)" else {
                return .json(
                    401, #"{"status":401,"message":"Invalid bearer token \#(request.header("authorization") ?? "")"}"#)
            }
            return Self.answer(request.target, codes)
        }
    }

    var environment: [String: String] { ["OP_CONNECT_HOST": server.url, "OP_CONNECT_TOKEN": Self.token] }
    var paths: [String] { server.requests.map(\.target) }

    final class Counter: Sendable {
        private let number: Mutex<Int>

        init(_ number: Int) { self.number = Mutex(number) }

        /// The number before it was made less; nil at zero.
        func down() -> Int? {
            number.withLock { number in
                guard number > 0 else { return nil }
                number -= 1
                return number + 1
            }
        }

        func up() -> Int {
            number.withLock { number in
                number += 1
                return number
            }
        }
    }

    private static let vault = "ftz4pm2xxwmwrsd7rjqn7grzfz"
    private static let closed = "closedclosedclosedclosed00"
    private static let registry = "2fcbqwe9ndg175zg2dzwftvkpa"
    private static let key = "keykeykeykeykeykeykeykey00"

    private static func answer(_ target: String, _ codes: Counter) -> Answer {
        switch target {
        case "/v1/vaults":
            return .json(
                200,
                """
                [{"id":"\(vault)","name":"CI","type":"USER_CREATED"},{"id":"\(closed)","name":"Closed"},
                {"id":"twinonetwinonetwinonetwin0","name":"Twins"},{"id":"twintwotwintwotwintwotwin0","name":"twins"}]
                """)
        case "/v1/vaults/\(vault)/items":
            return .json(
                200,
                """
                [{"id":"\(registry)","title":"Registry","vault":{"id":"\(vault)"},"category":"LOGIN"},
                {"id":"oldoldoldoldoldoldoldoldol","title":"registry","state":"ARCHIVED"},
                {"id":"\(key)","title":"Deploy Key"},{"id":"doubleonedoubleonedoubleon","title":"Double"},
                {"id":"doubletwodoubletwodoubletw","title":"double"},{"id":"goneagoneagoneagoneagone00","title":"Gone"}]
                """)
        case "/v1/vaults/\(closed)/items":
            return .json(403, #"{"status":403,"message":"token does not have access to vault"}"#)
        case "/v1/vaults/\(vault)/items/\(registry)":
            return .json(
                200,
                """
                {"id":"\(registry)","title":"Registry","sections":[{"id":"sec1","label":"Admin"},{"id":"add more"}],
                "fields":[{"id":"username","type":"STRING","purpose":"USERNAME","label":"username","value":"ada"},
                {"id":"password","type":"CONCEALED","purpose":"PASSWORD","label":"password","value":"pa55-s3cret\\n"},
                {"id":"f3","type":"CONCEALED","label":"Password","section":{"id":"sec1"},"value":"admin-s3cret"},
                {"id":"f4","type":"OTP","label":"one-time","section":{"id":"sec1","label":"Admin"},
                "value":"otpauth://totp/x?secret=s3cret","totp":"12345\(codes.up())"},
                {"id":"f5","type":"STRING","label":"pin","section":{"id":"sec1"},"value":"1"},
                {"id":"f6","type":"STRING","label":"Pin","section":{"id":"more","label":"More"},"value":"2"},
                {"id":"f7","type":"STRING","label":"coded","section":{"id":"more","label":"More"},"value":"aGk="},
                {"id":"f8","type":"STRING","label":"blank"},
                {"id":"f9","type":"STRING","label":"host","section":{"id":"more","label":"More"},"value":"inner"},
                {"id":"f0","type":"STRING","label":"host","section":{"id":"add more"},"value":"outer"}]}
                """)
        case "/v1/vaults/\(vault)/items/\(key)":
            return .json(
                200,
                """
                {"id":"\(key)","fields":[{"id":"private_key","type":"SSHKEY","label":"private key",
                "value":"-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\\n-----END PRIVATE KEY-----\\n"}]}
                """)
        default: return .json(404, #"{"status":404,"message":"Item not found"}"#)
        }
    }
}
