import OpsCore
import OrderedCollections

/// What is kept of a task that succeeded: what it was made from, what it made, and its outputs.
struct FreshnessRecord: Sendable {
    /// The task's instance, by its whole name.
    var key: String
    var definition: ContentDigest
    /// The facts of this instance, as `TaskDefinition.Values` writes them.
    var values: [UInt8]
    /// Nil where the task declares none.
    var sources: [FileState]?
    var products: [FileState]?
    /// True where each source is one file that is named plainly: then no other file can match.
    var namesEachSource: Bool
    var outputs: ValueMap
    /// Why it is never up to date although it succeeded.
    var obstacle: String?

    private enum Flag {
        static let sources: UInt8 = 1
        static let products: UInt8 = 2
        static let plain: UInt8 = 4
        static let obstacle: UInt8 = 8
    }

    /// The record's bytes: the key first, then what a check asks for, in that order.
    var bytes: [UInt8] {
        var writer = RecordWriter()
        writer.text(key)
        writer.byte(
            (sources == nil ? 0 : Flag.sources) | (products == nil ? 0 : Flag.products)
                | (namesEachSource ? Flag.plain : 0) | (obstacle == nil ? 0 : Flag.obstacle))
        definition.write(to: &writer)
        writer.counted(values)
        for list in [products, sources] {
            writer.count(list?.count ?? 0)
            for state in list ?? [] { state.write(to: &writer) }
        }
        writer.text(outputs.isEmpty ? "" : JSONWriter.text(.map(outputs)))
        writer.text(obstacle ?? "")
        return writer.bytes
    }

    /// Nil where the bytes are no record.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = RecordReader(bytes)
        guard let head = Head(&reader), let products = Self.states(&reader), let sources = Self.states(&reader),
            let outputs = Self.outputs(&reader), let obstacle = reader.text()
        else { return nil }
        key = String(decoding: head.key, as: UTF8.self)
        definition = head.definition
        values = Array(head.values)
        self.products = head.flags & Flag.products == 0 ? nil : products
        self.sources = head.flags & Flag.sources == 0 ? nil : sources
        namesEachSource = head.flags & Flag.plain != 0
        self.outputs = outputs
        self.obstacle = head.flags & Flag.obstacle == 0 ? nil : obstacle
    }

    init(
        key: String, definition: ContentDigest, values: [UInt8], sources: [FileState]?, products: [FileState]?,
        namesEachSource: Bool, outputs: ValueMap, obstacle: String?
    ) {
        self.key = key
        self.definition = definition
        self.values = values
        self.sources = sources
        self.products = products
        self.namesEachSource = namesEachSource
        self.outputs = outputs
        self.obstacle = obstacle
    }

    /// The first part of a record, in place.
    struct Head {
        var key: UnsafeRawBufferPointer
        fileprivate var flags: UInt8
        var definition: ContentDigest
        var values: UnsafeRawBufferPointer

        /// True where a look at each recorded file, and nothing else, tells whether the task is up to date.
        var isPlain: Bool { flags & Flag.obstacle == 0 && (flags & Flag.sources == 0 || flags & Flag.plain != 0) }

        init?(_ reader: inout RecordReader) {
            guard let key = reader.counted(), let flags = reader.byte(), let definition = ContentDigest(&reader),
                let values = reader.counted()
            else { return nil }
            self.key = key
            self.flags = flags
            self.definition = definition
            self.values = values
        }
    }

    private static func states(_ reader: inout RecordReader) -> [FileState]? {
        guard let count = reader.count() else { return nil }
        var states: [FileState] = []
        for _ in 0..<count {
            guard let state = FileState(&reader) else { return nil }
            states.append(state)
        }
        return states
    }

    static func outputs(_ reader: inout RecordReader) -> ValueMap? {
        guard let text = reader.counted() else { return nil }
        return text.isEmpty ? [:] : (try? JSONReader.value(Array(text)))?.mapValue
    }
}
