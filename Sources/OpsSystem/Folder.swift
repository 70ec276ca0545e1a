import Glibc
package import OpsCore

/// The names in a folder, without `.` and `..`, in byte order.
///
/// Throws: an `OpsError` that names the path.
package func listFolder(_ path: String) throws(OpsError) -> [String] {
    guard let folder = opendir(path) else { throw OpsError.system("read", path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}
