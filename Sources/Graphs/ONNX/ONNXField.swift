/// The numbers of the fields that are written, as `onnx.proto` has them (onnx 1.23; they never
/// change).
enum ONNXField {
    enum Model {
        static let (version, producer, producerVersion, documentation) = (1, 2, 3, 6)
        static let (graph, operators, metadata) = (7, 8, 14)
    }

    enum Operators {
        static let (domain, version) = (1, 2)
    }

    enum Entry {
        static let (key, value) = (1, 2)
    }

    enum Graph {
        static let (node, name, initializer, input, output) = (1, 2, 5, 11, 12)
    }

    enum Node {
        static let (input, output, name, operation, attribute) = (1, 2, 3, 4, 5)
    }

    enum Attribute {
        static let (name, float, integer, integers, type) = (1, 2, 3, 8, 20)
    }

    enum Tensor {
        static let (length, type, name, content) = (1, 2, 8, 9)
        static let (externalData, location) = (13, 14)
        /// `DataLocation.EXTERNAL`.
        static let external = 1
    }

    enum Value {
        static let (name, type) = (1, 2)
        /// Of `TypeProto` and of `TypeProto.Tensor`.
        static let (tensorType, elementType, shape) = (1, 1, 2)
        /// Of `TensorShapeProto` and of its dimensions.
        static let (dimension, length, variable) = (1, 1, 2)
    }
}

/// Types of elements, as `TensorProto.DataType` numbers them.
enum ONNXType: Int {
    case float = 1
    case uint8 = 2
    case int8 = 3
    case int32 = 6
    case int64 = 7

    /// Bytes of an element.
    var size: Int {
        switch self {
        case .uint8, .int8: 1
        case .float, .int32: 4
        case .int64: 8
        }
    }
}
