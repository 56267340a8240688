/// A value of a pickle. Containers, tensors and storages lie in lists beside it, so that no value is
/// nested in another, however deeply a file nests them, and none holds itself.
enum PickleValue: Equatable {
    case none
    case flag(Bool)
    case integer(Int)
    /// An integer beyond 64 bits: two's complement, the least byte first.
    case largeInteger([UInt8])
    case number(Double)
    case text(String)
    /// Bytes, which nothing that is read depends on.
    case bytes
    /// An index of `PickledObject.containers`.
    case container(Int)
    /// An index of `PickledObject.storages`.
    case storage(Int)
    /// An index of `PickledObject.tensors`.
    case tensor(Int)
    /// A function or class that is known.
    case global(PickleGlobal)
    /// A function or class that is not known, by its module and name, or what would come of it: nothing
    /// of it was looked up or run.
    case foreign(String)
}

/// A list, tuple, set or dictionary of a pickle.
struct PickleContainer: Equatable {
    enum Kind {
        case tuple, list, set
        /// Its items are keys and values in turn.
        case dictionary
    }

    let kind: Kind
    var items: [PickleValue]
}
