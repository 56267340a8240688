import CTorch

/// The type of a tensor's elements.
package enum DType: String, Sendable, CaseIterable {
    /// IEEE single precision: parameters, losses, optimizer state.
    case float32
    /// Brain float: 8 exponent and 7 fraction bits.
    case bfloat16
    /// IEEE half precision.
    case float16
    /// IEEE double precision: read from weight files, computed with nowhere.
    case float64
    /// Class indices.
    case int64
    /// Pixels.
    case uint8
    /// Masks.
    case bool

    /// Bytes per element.
    package var size: Int {
        switch self {
        case .float32: 4
        case .bfloat16, .float16: 2
        case .float64, .int64: 8
        case .uint8, .bool: 1
        }
    }

    /// Whether values are fractions: only such tensors can have gradients.
    package var isFloatingPoint: Bool {
        switch self {
        case .float32, .bfloat16, .float16, .float64: true
        case .int64, .uint8, .bool: false
        }
    }

    var code: Int32 {
        switch self {
        case .float32: Int32(CT_FLOAT32)
        case .bfloat16: Int32(CT_BFLOAT16)
        case .float16: Int32(CT_FLOAT16)
        case .float64: Int32(CT_FLOAT64)
        case .int64: Int32(CT_INT64)
        case .uint8: Int32(CT_UINT8)
        case .bool: Int32(CT_BOOL)
        }
    }

    /// The shim refuses to wrap a tensor of any other type, so a code always has a case.
    init(code: Int32) {
        guard let found = DType.allCases.first(where: { $0.code == code }) else {
            preconditionFailure("dtype code \(code) of the shim has no case")
        }
        self = found
    }
}

/// How a tensor's elements lie in memory.
package enum MemoryFormat: Sendable {
    /// Row-major: the last dimension varies fastest.
    case contiguous
    /// `[N, C, H, W]` with the channel varying fastest: what convolutions are quickest on.
    case channelsLast

    var code: Int32 {
        switch self {
        case .contiguous: Int32(CT_CONTIGUOUS)
        case .channelsLast: Int32(CT_CHANNELS_LAST)
        }
    }
}
