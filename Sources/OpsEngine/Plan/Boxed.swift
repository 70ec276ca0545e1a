/// A value behind one reference: what holds it is copied without copying its many members.
@propertyWrapper
package struct Boxed<Value: Sendable>: Sendable {
    private final class Storage: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    private var storage: Storage

    package init(wrappedValue: Value) { storage = Storage(wrappedValue) }

    package var wrappedValue: Value {
        _read { yield storage.value }
        set { storage = Storage(newValue) }
    }

    /// Itself, to be shared with another holder.
    package var projectedValue: Boxed<Value> {
        get { self }
        set { self = newValue }
    }
}
