/// A value that must not be seen: it can be handed on, never printed, encoded or interpolated.
///
/// While planning it carries no bytes, only the names of the secrets it derives from. What derives from
/// a secret is a secret with the same names.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The names (in the recipe's `secrets`) of what it derives from, sorted.
    public let names: [String]
    private let bytes: SecretBytes?

    /// A secret that is known only by name: the planner's.
    public init(planned names: [String]) {
        self.names = Array(Set(names)).sorted()
        bytes = nil
    }

    /// A secret with its value.
    public init(names: [String], bytes: [UInt8]) {
        self.names = Array(Set(names)).sorted()
        self.bytes = SecretBytes(bytes)
    }

    /// The value, for the hands it was given to; nil while planning.
    public func reveal() -> [UInt8]? { bytes?.copy }

    /// The value as text; nil while planning or where it is not UTF-8.
    public func revealText() -> String? { bytes.flatMap { String(validating: $0.copy, as: UTF8.self) } }

    /// True once the value was fetched.
    public var isFetched: Bool { bytes != nil }

    public var description: String { "<secret \(names.joined(separator: ", "))>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["names": names]) }
}
