/// The named tensors of one model, in the order in which its layers asked for them.
///
/// Layers state the shape where they ask. One generator, seeded once, starts all parameters in that
/// order, so a seed fixes a model.
package final class ParameterStore {
    /// A named tensor of a model.
    package struct Entry {
        /// The dotted name: `layer1.0.conv1.weight`.
        package let name: String
        /// The tensor itself, shared with the layer.
        package let tensor: Tensor
        /// Whether it is state that no gradient trains, as BatchNorm's statistics.
        package let isBuffer: Bool
        /// The value that stands for it in files that lack it; nil where they must have it.
        package let absentValue: Double?
        /// Whether it holds counts or squares, of which none is below zero.
        package let isNonNegative: Bool
    }

    /// Where the tensors live.
    package let device: Device
    /// All tensors in order of creation.
    package private(set) var entries: [Entry] = []

    /// Tensors that follow from the architecture, by name: files may hold them, and do not have to.
    package private(set) var constants: [String: Tensor] = [:]

    /// Draws the parameters; nil where they are outlines.
    private let generator: RandomGenerator?
    private var positions: [String: Int] = [:]

    /// An empty store.
    ///
    /// - Throws: `TorchError` if the device cannot be used.
    package init(device: Device = .cpu, seed: UInt64) throws(TorchError) {
        self.device = device
        generator = try RandomGenerator(seed: seed)
        if case .cuda = device { _ = try Device.cudaCount() }
    }

    /// An empty store for the names and shapes of a network alone: its parameters are views of a
    /// single zero, however large their shape, and cannot be overwritten. Buffers and constants are
    /// made as ever.
    package init() {
        device = .cpu
        generator = nil
    }

    /// The trained tensors in order of creation.
    package var parameters: [Entry] { entries.filter { !$0.isBuffer } }

    /// The other tensors in order of creation.
    package var buffers: [Entry] { entries.filter(\.isBuffer) }

    /// The tensor of a name, or nil.
    package subscript(name: String) -> Tensor? {
        positions[name].map { entries[$0].tensor }
    }

    /// Makes a float32 parameter that requires gradients.
    ///
    /// - Throws: `TorchError` if the name is taken or the shape invalid.
    package func parameter(
        _ path: ParameterPath, shape: [Int], initializer: Initializer
    ) throws(TorchError) -> Tensor {
        try check(path)
        guard let generator else {
            let outline = try Tensor.zeros([1]).expanded(shape)
            append(path, outline)
            return outline
        }
        // Drawn on the CPU, so that a seed means the same numbers on every device.
        let start = try Tensor.zeros(shape)
        switch initializer {
        case .zeros: break
        case .ones: try start.fill(1)
        case .constant(let value): try start.fill(value)
        case .uniform(let bound): try start.uniform(from: -bound, to: bound, generator: generator)
        case .normal(let std): try start.normal(std: std, generator: generator)
        case .truncatedNormal(let std):
            try start.truncatedNormal(std: std, generator: generator)
        }
        let tensor = try start.to(device)
        try tensor.setRequiresGrad(true)
        append(path, tensor)
        return tensor
    }

    /// Makes a tensor that no gradient trains.
    ///
    /// - Parameters:
    ///   - mayBeAbsent: whether files may lack it; `fill` stands for it then.
    ///   - isNonNegative: whether files in which a value of it is below zero are refused.
    /// - Throws: `TorchError` if the name is taken or the shape invalid.
    package func buffer(
        _ path: ParameterPath, shape: [Int], fill: Double, dtype: DType = .float32,
        mayBeAbsent: Bool = false, isNonNegative: Bool = false
    ) throws(TorchError) -> Tensor {
        try check(path)
        let tensor = try Tensor.full(shape, fill, dtype: dtype, device: device)
        append(
            path, tensor, isBuffer: true, absentValue: mayBeAbsent ? fill : nil,
            isNonNegative: isNonNegative)
        return tensor
    }

    /// Names a tensor that follows from the architecture and that some implementations save.
    ///
    /// It is no entry and is never saved. A file that holds it must hold the same values: others
    /// belong to another architecture.
    ///
    /// - Throws: `TorchError` if the name is taken.
    package func constant(_ path: ParameterPath, _ tensor: Tensor) throws(TorchError) {
        try check(path)
        constants[path.description] = tensor
    }

    private func check(_ path: ParameterPath) throws(TorchError) {
        let name = path.description
        guard !name.isEmpty else {
            throw .shape("parameter", expected: "a name", found: "the root path")
        }
        guard positions[name] == nil, constants[name] == nil else {
            throw TorchError(operation: "parameter", message: "the name '\(name)' is taken")
        }
    }

    private func append(
        _ path: ParameterPath, _ tensor: Tensor, isBuffer: Bool = false,
        absentValue: Double? = nil, isNonNegative: Bool = false
    ) {
        positions[path.description] = entries.count
        entries.append(
            Entry(
                name: path.description, tensor: tensor, isBuffer: isBuffer,
                absentValue: absentValue, isNonNegative: isNonNegative))
    }
}

// MARK: - Saving

extension ParameterStore {
    /// Writes all tensors in order of creation, atomically and with checksums.
    ///
    /// - Returns: the file's `seal`.
    /// - Throws: `TorchError` as `SafetensorsFile.write`.
    @discardableResult
    package func save(
        to path: String, metadata: [String: String] = [:]
    ) throws(TorchError) -> UInt32 {
        try SafetensorsFile.writeSealed(
            entries.map { ($0.name, $0.tensor) }, metadata: metadata, to: path)
    }
}

/// How a parameter starts.
package enum Initializer: Sendable, Equatable {
    /// All 0.
    case zeros
    /// All 1.
    case ones
    /// All one value.
    case constant(Double)
    /// Evenly from −bound ..< bound.
    case uniform(bound: Double)
    /// Normal with mean 0.
    case normal(std: Double)
    /// Normal with mean 0, cut to −2 … 2 in absolute terms: timm's `trunc_normal_`.
    case truncatedNormal(std: Double)
}

/// The name of a layer or tensor in a model, built piece by piece: `path / "layer1" / 0 / "conv1"`.
///
/// Names are those of a network's reference implementation, whose files hold them.
package struct ParameterPath: ExpressibleByStringLiteral, CustomStringConvertible, Hashable,
    Sendable
{
    /// The pieces joined by dots; empty for the root.
    package let description: String

    /// A path from its dotted form; `""` is the root.
    package init(_ name: String) {
        description = name
    }

    /// A path from its dotted form; `""` is the root.
    package init(stringLiteral name: String) {
        self.init(name)
    }

    /// The path of a part.
    package static func / (path: ParameterPath, part: String) -> ParameterPath {
        ParameterPath(path.description.isEmpty ? part : "\(path).\(part)")
    }

    /// The path of a numbered part.
    package static func / (path: ParameterPath, part: Int) -> ParameterPath {
        path / String(part)
    }
}
