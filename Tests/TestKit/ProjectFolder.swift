import Glibc

/// The folder of this project's sources, without a slash at the end.
package let projectFolder: String = {
    var path = #filePath
    for _ in 0..<3 { path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }
    return path
}()

/// Test vectors made by others: where `OPS_TEST_VECTORS` says, else beside the project; nil where there are none.
package let vectorsFolder: String? = {
    let path = getenv("OPS_TEST_VECTORS").map { String(cString: $0) } ?? projectFolder + "/../shared/vectors"
    return access(path, R_OK) == 0 ? path : nil
}()
