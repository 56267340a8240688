import Base
import Torch

/// A tensor of a model, whose bytes are made when they are written.
struct ONNXTensor {
    let name: String
    let type: ONNXType
    let shape: [Int]
    /// The bytes in row-major order, little-endian.
    private let content: () throws(TorchError) -> [UInt8]

    /// How many bytes it takes.
    var count: Int { shape.reduce(type.size, *) }

    init(_ name: String, _ type: ONNXType, _ shape: [Int], _ bytes: [UInt8]) {
        (self.name, self.type, self.shape) = (name, type, shape)
        content = { bytes }
    }

    /// A tensor of floats.
    init(_ name: String, _ tensor: Tensor, isTransposed: Bool) {
        (self.name, type) = (name, .float)
        shape = isTransposed ? tensor.shape.reversed() : tensor.shape
        content = { () throws(TorchError) in try Self.ordered(tensor, isTransposed).floatBytes() }
    }

    /// The integers whose products with the scales a tensor holds.
    init(
        _ name: String, _ tensor: Tensor, _ integers: GraphWeight.Integers, _ isTransposed: Bool
    ) {
        self.name = name
        shape = isTransposed ? tensor.shape.reversed() : tensor.shape
        let type: ONNXType =
            switch integers.width {
            case .int8: .int8
            case .int32: .int32
            }
        self.type = type
        content = { () throws(TorchError) in
            // float64 holds every integer of 32 bits.
            let rows = [integers.scales.count] + [Int](repeating: 1, count: tensor.rank - 1)
            let scales = try Tensor(integers.scales, shape: rows).to(.float64)
            let quotients = try tensor.detached().to(.cpu).to(.float64) / scales
            let values = try Self.ordered(quotients, isTransposed).doubles()
            var bytes: [UInt8] = []
            bytes.reserveCapacity(values.count * type.size)
            for value in values {
                let integer = value.rounded()
                switch integers.width {
                case .int8: bytes.append(UInt8(bitPattern: Int8(clamping: Int(integer))))
                case .int32: bytes.append(littleEndian: Int32(clamping: Int(integer)))
                }
            }
            return bytes
        }
    }

    func bytes() throws(TorchError) -> [UInt8] {
        let bytes = try content()
        precondition(bytes.count == count, "\(name) has the bytes of its shape")
        return bytes
    }

    private static func ordered(
        _ tensor: Tensor, _ isTransposed: Bool
    ) throws(TorchError) -> Tensor {
        isTransposed ? try tensor.detached().transposed(0, 1).contiguous() : tensor
    }
}

extension Tensor {
    fileprivate func floatBytes() throws(TorchError) -> [UInt8] {
        precondition(dtype == .float32, "weights are float32")
        var bytes = [UInt8](repeating: 0, count: count * dtype.size)
        try bytes.withUnsafeMutableBufferPointer { (buffer) throws(TorchError) in
            try copyBytes(into: UnsafeMutableRawBufferPointer(buffer))
        }
        return bytes
    }

    fileprivate func doubles() throws(TorchError) -> [Double] {
        var values = [Double](repeating: 0, count: count)
        try values.withUnsafeMutableBufferPointer { (buffer) throws(TorchError) in
            try copyBytes(into: UnsafeMutableRawBufferPointer(buffer))
        }
        return values
    }
}
