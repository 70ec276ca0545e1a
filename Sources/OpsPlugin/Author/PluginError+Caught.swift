import OpsCore

extension PluginError {
    /// An error of an action as the protocol says it.
    init(caught error: any Error) {
        switch error {
        case let failure as ArgumentFailure:
            self.init(caught: failure.error)
            code = .invalidInput
            let escaped = failure.path.map { $0.replacing("~", with: "~0").replacing("/", with: "~1") }
            place = "/inputs/" + escaped.joined(separator: "/")
        case let error as OpsError:
            let cause = error.cause.map { ": " + OpsError.text(of: $0) } ?? ""
            self.init(Self.code(of: error.code), error.message + cause, hint: error.hint)
            isRetryable = code == .unavailable || code == .timeout
        default: self.init(.internal, OpsError.text(of: error))
        }
    }

    private static func code(of code: OpsError.Code) -> Code {
        switch code {
        case .invalid, .usage: .invalidInput
        case .notFound: .notFound
        case .forbidden: .unauthorized
        case .unavailable: .unavailable
        case .timeout: .timeout
        case .cancelled: .cancelled
        case .mismatch, .busy: .conflict
        case .unsupported: .unsupported
        default: .internal
        }
    }
}
