/// The functions and classes that an unpickler knows. What each does stands in `Unpickler`; none is ever
/// looked up or called in any other sense, and any other name makes an inert value.
enum PickleGlobal: Equatable {
    /// `collections.OrderedDict` and `defaultdict`, `dict`.
    case dictionary
    /// `list`, `tuple` and `torch.Size`, which hold what they are given.
    case sequence
    /// `set` and `frozenset`.
    case set
    /// `_codecs.encode`: how bytes are written in protocol 2.
    case bytes
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`.
    case rebuildTensor
    /// `torch._utils._rebuild_parameter` and `_rebuild_parameter_with_state`.
    case rebuildParameter
    /// `torch._tensor._rebuild_from_type_v2`: a tensor with attributes of Python's.
    case rebuildFromType
    case storage(StorageType)

    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"), ("collections", "defaultdict"),
            ("builtins", "dict"), ("__builtin__", "dict"):
            self = .dictionary
        case ("torch", "Size"), ("builtins", "list"), ("__builtin__", "list"),
            ("builtins", "tuple"), ("__builtin__", "tuple"):
            self = .sequence
        case ("builtins", "set"), ("__builtin__", "set"), ("builtins", "frozenset"),
            ("__builtin__", "frozenset"):
            self = .set
        case ("_codecs", "encode"):
            self = .bytes
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"):
            self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"),
            ("torch._utils", "_rebuild_parameter_with_state"):
            self = .rebuildParameter
        case ("torch._tensor", "_rebuild_from_type_v2"):
            self = .rebuildFromType
        case ("torch", _), ("torch.cuda", _), ("torch.storage", _):
            guard let type = StorageType(rawValue: name) else { return nil }
            self = .storage(type)
        default:
            return nil
        }
    }
}
