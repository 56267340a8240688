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

/// A storage that tensors of a pickle are views of.
struct PickledStorage: Equatable {
    /// Its name in the file.
    let key: String
    let type: StorageType
    /// How many elements it has.
    let count: Int
    /// Where it begins in the storage of the same key that holds it, in elements; a storage that is
    /// whole begins at 0.
    var start = 0
}

/// What a pickle comes to, without the elements of its tensors.
struct PickledObject {
    var root = PickleValue.none
    var containers: [PickleContainer] = []
    var tensors: [PickledTensor] = []
    /// Whole storages, and views of them.
    var storages: [PickledStorage] = []
    /// The whole storages by their keys, as indices of `storages`.
    var whole: [String: Int] = [:]
    /// The position after its last byte.
    var end = 0

    /// The container that a value is, if it is one of these kinds.
    func container(_ value: PickleValue, _ kinds: PickleContainer.Kind...) -> PickleContainer? {
        guard case .container(let index) = value, kinds.contains(containers[index].kind) else {
            return nil
        }
        return containers[index]
    }

    /// The values of a dictionary whose keys are texts, the last of each key.
    func texts(_ value: PickleValue) -> [String: PickleValue]? {
        guard let items = container(value, .dictionary)?.items else { return nil }
        var values: [String: PickleValue] = [:]
        for index in stride(from: 0, to: items.count, by: 2) {
            if case .text(let key) = items[index] { values[key] = items[index + 1] }
        }
        return values
    }
}
