import OpsCore
import OpsPlugin

extension PluginError {
    /// The error as the host throws it: with the place of the argument where it names one.
    func thrown(by plugin: String) -> any Error {
        let error = OpsError(opsCode, "\(plugin): \(message)", hint: hint)
        guard let path = argumentPath else { return error }
        return ArgumentFailure(error, at: path)
    }

    private var opsCode: OpsError.Code {
        switch code {
        case .invalidInput: .invalid
        case .unauthorized: .forbidden
        // The step's own limit has passed only where the host says so.
        case .unavailable, .timeout: .unavailable
        default: OpsError.Code(code.rawValue)
        }
    }

    /// The path behind `/inputs` of the JSON Pointer (RFC 6901, section 4); nil where it names no input.
    private var argumentPath: [String]? {
        guard let place, place.hasPrefix("/inputs/") else { return nil }
        return place.dropFirst("/inputs/".count).split(separator: "/", omittingEmptySubsequences: false).map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }
}
