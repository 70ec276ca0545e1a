import Glibc
package import OpsCore

/// The content of a file, at most `limit` bytes. A pipe is read to its end; one that nobody writes to is empty.
///
/// - Parameter status: what was just asked of the file, which is then not asked again.
///
/// Throws: an `OpsError` with the path where it cannot be read, or where there is more.
package func readFile(_ path: String, limit: Int = .max, status: FileStatus? = nil) throws(OpsError) -> [UInt8] {
    // Without O_NONBLOCK the opening of a named pipe waits for a writer, for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .system("open", path) }
    defer { close(descriptor) }
    var size = status?.size ?? 0
    if status == nil {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read", path) }
        size = max(Int(status.st_size), 0)
    }
    // One byte more than it says, so that the end shows in the same read; devices and /proc say zero.
    let expected = min(size, limit == .max ? limit - 1 : limit) + 1
    var bytes: [UInt8] = []
    var room = min(max(expected, 4096), 64 << 20)
    while true {
        var count = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, initialized in
            repeat { count = read(descriptor, buffer.baseAddress, room) } while count < 0 && mayReadAgain(descriptor)
            initialized = max(count, 0)
        }
        guard count >= 0 else { throw .system("read", path) }
        if count == 0 { return bytes }
        if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
        guard bytes.count <= limit else {
            throw OpsError(.invalid, "'\(path)' is larger than \(ByteSize.text(limit))")
        }
        // All that it said, and the room for more was not used.
        if bytes.count == size, count < room { return bytes }
        room = 1 << 18
    }
}

/// After a failed read: true where it was only early; a pipe's next bytes are waited for.
package func mayReadAgain(_ descriptor: Int32) -> Bool {
    if errno == EINTR { return true }
    guard errno == EAGAIN else { return false }
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, -1) >= 0 || errno == EINTR
}

/// Writes a file in place, unsynced and readable by its owner only: for private folders, where nobody else reads it
/// before it is whole.
///
/// Throws: an `OpsError` with the path.
package func writePrivateFile(_ bytes: [UInt8], to path: String) throws(OpsError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("write", path) }
    defer { close(descriptor) }
    try bytes.withUnsafeBufferPointer { (buffer) throws(OpsError) in
        try writeAll(UnsafeRawBufferPointer(buffer), to: descriptor, path: path)
    }
}

/// Writes all bytes to a descriptor. `path` is for the message.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws(OpsError) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = write(descriptor, rest.base.baseAddress.map { $0 + rest.startIndex }, rest.count)
        if count < 0 {
            if errno == EINTR { continue }
            throw .system("write", path)
        }
        rest = rest.dropFirst(count)
    }
}

/// Makes a folder and the folders above it; one that exists is fine.
///
/// Throws: an `OpsError` with the path where it cannot be made, or where something else has its name.
package func makeFolders(_ path: String, mode: UInt32 = 0o777) throws(OpsError) {
    if mkdir(path, mode) == 0 { return }
    switch errno {
    case EEXIST, EISDIR:
        guard FileStatus.find(path)?.kind == .folder else {
            throw OpsError(.system, "cannot make the folder '\(path)': a file has its name")
        }
    case ENOENT:
        let parent = parentFolder(of: path)
        guard parent != path, parent != "." else { throw .system("make the folder", path, ENOENT) }
        try makeFolders(parent, mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw .system("make the folder", path) }
    default: throw .system("make the folder", path)
    }
}

/// The folder a path is in: `.` for a bare name, `/` for the root.
package func parentFolder(of path: String) -> String {
    let trimmed = path.utf8.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
    guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
}

/// Removes a file, or a folder with everything in it; links are removed, not followed. What is not there is fine.
///
/// Throws: an `OpsError` with the path that could not be removed.
package func removeTree(_ path: String) throws(OpsError) {
    try path.utf8CString.withUnsafeBufferPointer { (name) throws(OpsError) in
        try removeEntry(AT_FDCWD, name, nil)
    }
}

/// Removes a folder that is most likely empty, in one call of the system then; else as `removeTree`.
package func removeFolder(_ path: String) throws(OpsError) {
    if rmdir(path) != 0 { try removeTree(path) }
}

/// Removes a name (ended by a zero byte; it need not be UTF-8) in an open folder; `parent` is for messages.
private func removeEntry(
    _ folder: Int32, _ name: UnsafeBufferPointer<CChar>, _ parent: String?
) throws(OpsError) {
    guard let name = name.baseAddress else { return }
    if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
    let path = (parent.map { $0 + "/" } ?? "") + String(cString: name)
    guard errno == EISDIR || errno == EPERM else { throw .system("remove", path) }
    let descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("remove", path) }
    defer { close(descriptor) }
    for child in try folderNames(descriptor, path) {
        try child.bytes.withUnsafeBufferPointer { (bytes) throws(OpsError) in try removeEntry(descriptor, bytes, path) }
    }
    guard unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw .system("remove", path) }
}

/// One name in a folder as the system gives it.
struct FolderName {
    /// Ended by a zero byte; need not be UTF-8.
    var bytes: [CChar]
    /// False where the system says that it is no folder.
    var mayBeFolder: Bool
}

/// What is in an open folder, without `.` and `..`, in no order.
func folderNames(_ descriptor: Int32, _ path: String) throws(OpsError) -> [FolderName] {
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0, let stream = fdopendir(copy) else {
        let number = errno
        if copy >= 0 { close(copy) }
        throw .system("list", path, number)
    }
    defer { closedir(stream) }
    var names: [FolderName] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else {
            guard errno == 0 else { throw .system("list", path) }
            return names
        }
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                Array(UnsafeBufferPointer(start: text, count: strlen(text) + 1))
            }
        }
        if name == [46, 0] || name == [46, 46, 0] { continue }
        let type = Int(entry.pointee.d_type)
        names.append(FolderName(bytes: name, mayBeFolder: type == DT_DIR || type == DT_UNKNOWN))
    }
}

/// The one path of a file without links in it (realpath(3)); nil where there is no such file.
package func realPath(_ path: String) -> String? {
    guard let pointer = realpath(path, nil) else { return nil }
    defer { free(pointer) }
    return String(cString: pointer)
}
