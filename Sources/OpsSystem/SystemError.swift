import COpsSystem
import Glibc
package import OpsCore

extension OpsError {
    /// The error of a failed system call: `cannot open 'dist/app': No such file or directory`.
    ///
    /// The code follows `number` (errno(3)): `notFound`, `forbidden` or `system`.
    package static func system(_ action: String, _ path: String, _ number: Int32 = errno) -> OpsError {
        let code: Code =
            switch number {
            case ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM, EROFS: .forbidden
            default: .system
            }
        return OpsError(code, "cannot \(action) '\(path)': \(errorText(number))")
    }

    /// The text of an error number: `Permission denied`.
    package static func errorText(_ number: Int32) -> String { String(cString: ops_error_text(number)) }
}
