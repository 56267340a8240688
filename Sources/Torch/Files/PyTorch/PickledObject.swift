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
