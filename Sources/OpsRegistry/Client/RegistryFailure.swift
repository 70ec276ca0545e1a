import OpsCore
import OpsHTTP
import OrderedCollections

/// Says in words what a registry's error answer means (OCI distribution-spec, "Error Codes").
enum RegistryFailure {
    /// The error for an answer that is no success; `action` is what was tried: `pushing …`.
    static func error(_ response: HTTPResponse, _ action: String) async -> OpsError {
        let code: OpsError.Code =
            switch response.status {
            case 401, 403: .forbidden
            case 404: .notFound
            case 408, 425, 429, 500...599: .unavailable
            default: .mismatch
            }
        var reason = await details(response)
        if !reason.isEmpty { reason = " (\(reason))" }
        let hint: String? =
            switch response.status {
            case 401, 403: "does the user have the right to do this?"
            case 429: "the registry limits how often it may be asked; try later, or log in"
            default: nil
            }
        return OpsError(code, "\(action) failed with status \(response.status)\(reason)", hint: hint)
    }

    /// `CODE: message` of each error in the body, else the start of the body.
    private static func details(_ response: HTTPResponse) async -> String {
        let text = await response.excerpt(limit: 2000)
        guard let value = try? JSONReader.value(text), let errors = value["errors"]?.listValue else {
            return String(text.prefix(200))
        }
        return errors.prefix(3).map { error in
            [error["code"]?.stringValue, error["message"]?.stringValue].compactMap(\.self).joined(separator: ": ")
        }.joined(separator: "; ")
    }
}
