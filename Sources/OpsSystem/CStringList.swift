import Glibc

/// Texts as exec(2) takes them: one block of bytes, each text ended by zero.
struct CStringList {
    private var bytes: [CChar] = []
    private var offsets: [Int] = []

    init(_ texts: [String]) {
        offsets.reserveCapacity(texts.count)
        for text in texts {
            offsets.append(bytes.count)
            append(text)
            bytes.append(0)
        }
    }

    /// An entry `NAME=value` of each variable.
    init(environment: [String: String]) {
        offsets.reserveCapacity(environment.count)
        bytes.reserveCapacity(environment.count * 64)
        for (name, value) in environment {
            offsets.append(bytes.count)
            append(name)
            bytes.append(CChar(bitPattern: UInt8(ascii: "=")))
            append(value)
            bytes.append(0)
        }
    }

    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { part in
            part.withMemoryRebound(to: CChar.self) { part in
                // A zero byte would cut the text short; callers reject it, this makes sure that nothing hides behind it.
                if let base = part.baseAddress, memchr(base, 0, part.count) != nil {
                    bytes.append(contentsOf: part.lazy.filter { $0 != 0 })
                } else {
                    bytes.append(contentsOf: part)
                }
            }
        }
    }

    /// The list of pointers, ended by nil, valid during the call.
    func withPointers<T>(_ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> T) -> T {
        bytes.withUnsafeBufferPointer { buffer in
            let base = buffer.baseAddress.map { UnsafeMutablePointer(mutating: $0) }
            let pointers = offsets.map { offset in base.map { $0 + offset } } + [nil]
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}
