import Torch

/// A part of what an update goes over: some of the parameters, whole or in rows, with their moments.
///
/// On a CPU memory bounds an update, for a rule goes a dozen times over what it is given. Pieces are so
/// small that every pass but the first finds them in a cache; each element comes out as in one piece. On
/// a GPU, where every pass costs its launch, one piece is all there is.
struct UpdatePiece {
    let parameters: OptimizedParameters
    let moments: Moments
    private let slices: [Slice]

    /// Rows of a tensor of a list.
    private struct Slice {
        let index: Int
        /// `nil` for all.
        let rows: Range<Int>?

        func part(of tensors: [Tensor]) throws(TorchError) -> Tensor {
            guard let rows else { return tensors[index] }
            return try tensors[index].narrowed(
                dimension: 0, start: rows.lowerBound, count: rows.count)
        }
    }

    /// Half a megabyte of each list, or enough for libtorch to give each thread its share.
    private static var elements: Int { max(1 << 17, Threads.count << 15) }

    /// The pieces that make up all parameters, which stay what they are.
    static func all(
        of parameters: OptimizedParameters, _ moments: Moments
    ) throws(TorchError) -> [UpdatePiece] {
        try withoutGrad { () throws(TorchError) in
            var pieces: [UpdatePiece] = []
            for slices in slices(of: parameters.tensors) {
                pieces.append(try UpdatePiece(slices, of: parameters, moments))
            }
            return pieces
        }
    }

    private init(
        _ slices: [Slice], of parameters: OptimizedParameters, _ moments: Moments
    ) throws(TorchError) {
        self.slices = slices
        self.parameters = try parameters.part(
            decayedCount: slices.count { $0.index < parameters.decayedCount }
        ) { (tensors) throws(TorchError) in try Self.part(of: tensors, slices) }
        self.moments = try moments.part { (tensors) throws(TorchError) in
            try Self.part(of: tensors, slices)
        }
    }

    /// What of a list in the order of all parameters belongs to the piece.
    func part(of tensors: [Tensor]) throws(TorchError) -> [Tensor] {
        try Self.part(of: tensors, slices)
    }

    private static func part(
        of tensors: [Tensor], _ slices: [Slice]
    ) throws(TorchError) -> [Tensor] {
        var parts: [Tensor] = []
        for slice in slices { parts.append(try slice.part(of: tensors)) }
        return parts
    }

    private static func slices(of tensors: [Tensor]) -> [[Slice]] {
        guard tensors.allSatisfy({ $0.device == .cpu }) else {
            return [tensors.indices.map { Slice(index: $0, rows: nil) }]
        }
        let most = elements
        var (pieces, open, room): ([[Slice]], [Slice], Int) = ([], [], most)
        func close() {
            if !open.isEmpty { pieces.append(open) }
            (open, room) = ([], most)
        }
        for (index, tensor) in tensors.enumerated() {
            guard tensor.count > room, let rows = tensor.shape.first, rows > 1 else {
                open.append(Slice(index: index, rows: nil))
                room -= tensor.count
                if room <= 0 { close() }
                continue
            }
            let width = tensor.count / rows
            var start = 0
            while start < rows {
                let count = min(max(room / width, 1), rows - start)
                open.append(Slice(index: index, rows: start..<start + count))
                start += count
                room -= count * width
                if room < width { close() }
            }
        }
        close()
        return pieces
    }
}
