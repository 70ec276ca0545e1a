/// Swift's task; in this module `Task` is the recipe's.
typealias SwiftTask = _Concurrency.Task
