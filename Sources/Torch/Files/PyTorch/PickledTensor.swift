import Base

/// A tensor of a pickle: which elements of which storage, in which order.
struct PickledTensor: Equatable {
    /// An index of `PickledObject.storages`.
    let storage: Int
    /// The first element; 0 where there is none.
    let offset: Int
    let shape: [Int]
    /// How many elements lie between neighbors of each dimension; 0 where there are none, whatever
    /// the pickle says.
    let strides: [Int]
    /// How many elements it has.
    let count: Int

    /// libtorch's own limit.
    static let rankLimit = 64

    /// Checks that every element lies in the storage, and that no more are asked for than it has.
    ///
    /// - Parameter length: elements of the storage.
    init(
        storage: Int, length: Int, offset: Int, shape: [Int], strides: [Int]
    ) throws(WeightsProblem) {
        func problem(_ what: String) -> WeightsProblem {
            WeightsProblem(
                message: "its pickle has a tensor of \(shape) with strides \(strides) from element "
                    + "\(offset) on, \(what)")
        }
        guard shape.count == strides.count, shape.count <= Self.rankLimit else {
            throw problem("which makes no tensor")
        }
        guard offset >= 0, strides.allSatisfy({ $0 >= 0 }), let count = shape.product else {
            throw problem("which makes no tensor")
        }
        (self.storage, self.shape, self.count) = (storage, shape, count)
        // What addresses no element may be any number, and is not to be computed with.
        self.offset = count == 0 ? 0 : offset
        self.strides = zip(shape, strides).map { $0 <= 1 || count == 0 ? 0 : $1 }
        guard count > 0 else { return }
        // Of what is expanded, elements lie on each other; nobody saves weights so.
        guard count <= length else {
            throw problem("whose \(count) elements overlap in a storage of \(length)")
        }
        var last = offset
        for (side, stride) in zip(shape, self.strides) {
            let (reach, isHuge) = (side - 1).multipliedReportingOverflow(by: stride)
            let (next, isOver) = last.addingReportingOverflow(reach)
            guard !isHuge, !isOver else { throw problem("too large to address") }
            last = next
        }
        guard last < length else {
            throw problem("which reaches element \(last) of a storage of \(length)")
        }
    }

    /// Whether the elements lie one after the other, in row-major order.
    var isContiguous: Bool {
        guard count > 0 else { return true }
        var expected = 1
        for (side, stride) in zip(shape, strides).reversed() where side != 1 {
            guard stride == expected else { return false }
            expected *= side
        }
        return true
    }

    /// Copies the elements in row-major order.
    ///
    /// - Parameters:
    ///   - source: the bytes of the storage.
    ///   - size: bytes of an element.
    func gather(
        from source: UnsafeRawBufferPointer, size: Int,
        into target: UnsafeMutableRawBufferPointer
    ) {
        switch size {
        case 1: gather(UInt8.self, source, target)
        case 2: gather(UInt16.self, source, target)
        case 4: gather(UInt32.self, source, target)
        default: gather(UInt64.self, source, target)
        }
    }

    private func gather<Element: FixedWidthInteger & BitwiseCopyable>(
        _: Element.Type, _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer
    ) {
        let size = MemoryLayout<Element>.size
        let row = shape.last ?? 1
        let step = (strides.last ?? 1) * size
        var index = [Int](repeating: 0, count: shape.count)
        var start = offset * size
        var place = 0
        while place < count {
            for column in 0..<row {
                target.storeBytes(
                    of: source.loadUnaligned(
                        fromByteOffset: start + column * step, as: Element.self),
                    toByteOffset: (place + column) * size, as: Element.self)
            }
            place += row
            // The next row: the last of the other dimensions that can go on does.
            for dimension in index.indices.dropLast().reversed() {
                index[dimension] += 1
                start += strides[dimension] * size
                if index[dimension] < shape[dimension] { break }
                start -= shape[dimension] * strides[dimension] * size
                index[dimension] = 0
            }
        }
    }
}
