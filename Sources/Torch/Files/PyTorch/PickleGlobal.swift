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

/// The classes of PyTorch's storages, by their names.
enum StorageType: String, Equatable {
    case float = "FloatStorage"
    case double = "DoubleStorage"
    case half = "HalfStorage"
    case bfloat16 = "BFloat16Storage"
    case long = "LongStorage"
    case byte = "ByteStorage"
    case bool = "BoolStorage"
    // Types that are passed over.
    case int = "IntStorage"
    case short = "ShortStorage"
    case char = "CharStorage"
    case complexDouble = "ComplexDoubleStorage"
    case complexFloat = "ComplexFloatStorage"
    case quantizedUInt8 = "QUInt8Storage"
    case quantizedInt8 = "QInt8Storage"
    case quantizedInt32 = "QInt32Storage"
    case quantizedUInt4 = "QUInt4x2Storage"
    case quantizedUInt2 = "QUInt2x4Storage"
    case untyped = "UntypedStorage"

    /// The type of its elements; nil for one that is not read.
    var dtype: DType? {
        switch self {
        case .float: .float32
        case .double: .float64
        case .half: .float16
        case .bfloat16: .bfloat16
        case .long: .int64
        case .byte: .uint8
        case .bool: .bool
        default: nil
        }
    }

    /// Bytes of an element in a file.
    var size: Int {
        switch self {
        case .complexDouble: 16
        case .double, .long, .complexFloat: 8
        case .float, .int, .quantizedInt32: 4
        case .half, .bfloat16, .short: 2
        case .byte, .bool, .char, .quantizedUInt8, .quantizedInt8, .quantizedUInt4, .quantizedUInt2,
            .untyped:
            1
        }
    }
}
