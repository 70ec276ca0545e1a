/// Makes lines of somebody's output safe to show on a terminal: colours stay, everything that moves the cursor,
/// sets a title or asks the terminal something goes (ECMA-48).
///
/// A colour that one line leaves on is ended with the line and begun again in the next. What a carriage return
/// would overwrite is left out.
struct TerminalText {
    private let keepsColor: Bool
    /// The colour sequences since the last reset.
    private var active: [UInt8] = []

    /// A program that sets colours without end is not followed further.
    private static let longestActive = 128

    init(keepsColor: Bool) { self.keepsColor = keepsColor }

    /// Appends a line, given without its newline, to `output`.
    mutating func clean(_ line: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        if active.isEmpty, line.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x09 }) {
            output.append(contentsOf: line)
            return
        }
        // Decoding repairs what is not UTF-8, so that no byte can be a control of an 8-bit terminal.
        var bytes = Array(String(decoding: line, as: UTF8.self).utf8)
        while bytes.last == 0x0D { bytes.removeLast() }
        let start = output.count
        output += active
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case 0x1B: index = escape(bytes, at: index, into: &output)
            case 0x0D:
                output.removeLast(output.count - start)
                output += active
                index += 1
            case 0x09, 0x20..<0x7F:
                output.append(byte)
                index += 1
            case 0..<0x20, 0x7F: index += 1
            case 0xC2 where index + 1 < bytes.count && bytes[index + 1] < 0xA0: index += 2
            default:
                output.append(byte)
                index += 1
            }
        }
        if !active.isEmpty { output += [0x1B, 0x5B, 0x30, 0x6D] }
    }

    /// Reads one escape sequence; returns the place behind it.
    private mutating func escape(_ bytes: [UInt8], at start: Int, into output: inout [UInt8]) -> Int {
        var index = start + 1
        guard index < bytes.count else { return index }
        switch bytes[index] {
        case UInt8(ascii: "["):
            index += 1
            let parameters = index
            while index < bytes.count, (0x20..<0x40).contains(bytes[index]) { index += 1 }
            guard index < bytes.count, (0x40..<0x7F).contains(bytes[index]) else { return index }
            let isColor = bytes[parameters..<index].allSatisfy { (0x30...0x3B).contains($0) }
            index += 1
            if bytes[index - 1] == UInt8(ascii: "m"), isColor, keepsColor {
                color(bytes[start..<index], into: &output)
            }
            return index
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            // A string that ends with BEL or ESC \, or here with the line.
            while index < bytes.count, bytes[index] != 0x07 {
                if bytes[index] == 0x1B, index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\\") {
                    return index + 2
                }
                index += 1
            }
            return min(index + 1, bytes.count)
        default:
            while index < bytes.count, (0x20..<0x30).contains(bytes[index]) { index += 1 }
            return min(index + 1, bytes.count)
        }
    }

    private mutating func color(_ sequence: ArraySlice<UInt8>, into output: inout [UInt8]) {
        output += sequence
        let parameters = sequence.dropFirst(2).dropLast()
        if parameters.isEmpty || parameters.elementsEqual([0x30]) {
            active = []
        } else if active.count + sequence.count <= Self.longestActive {
            active += sequence
        }
    }
}
