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
