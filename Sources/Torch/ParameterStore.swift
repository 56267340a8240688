/// The named tensors of one model, in the order in which its layers asked for them.
///
/// Layers state the shape where they ask. One generator, seeded once, starts all parameters in that
/// order, so a seed fixes a model.
public final class ParameterStore {
    /// A named tensor of a model.
    public struct Entry {
        /// The dotted name: `layer1.0.conv1.weight`.
        public let name: String
        /// The tensor itself, shared with the layer.
        public let tensor: Tensor
        /// Whether it is state that no gradient trains, as BatchNorm's statistics.
        public let isBuffer: Bool
    }

    /// Where the tensors live.
    public let device: Device
    /// All tensors in order of creation.
    public private(set) var entries: [Entry] = []

    private let generator: RandomGenerator
    private var positions: [String: Int] = [:]

    /// An empty store.
    ///
    /// - Throws: `TorchError` if the device cannot be used.
    public init(device: Device = .cpu, seed: UInt64) throws(TorchError) {
        self.device = device
        generator = try RandomGenerator(seed: seed)
        if case .cuda = device { _ = try Device.cudaCount() }
    }

    /// The trained tensors in order of creation.
    public var parameters: [Entry] { entries.filter { !$0.isBuffer } }

    /// The other tensors in order of creation.
    public var buffers: [Entry] { entries.filter(\.isBuffer) }

    /// The tensor of a name, or nil.
    public subscript(name: String) -> Tensor? {
        positions[name].map { entries[$0].tensor }
    }

    /// Makes a float32 parameter that requires gradients.
    ///
    /// - Throws: `TorchError` if the name is taken or the shape invalid.
    public func parameter(
        _ path: ParameterPath, shape: [Int], initializer: Initializer
    ) throws(TorchError) -> Tensor {
        try check(path)
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
        append(path, tensor, isBuffer: false)
        return tensor
    }

    /// Makes a tensor that no gradient trains.
    ///
    /// - Throws: `TorchError` if the name is taken or the shape invalid.
    public func buffer(
        _ path: ParameterPath, shape: [Int], fill: Double, dtype: DType = .float32
    ) throws(TorchError) -> Tensor {
        try check(path)
        let tensor = try Tensor.full(shape, fill, dtype: dtype, device: device)
        append(path, tensor, isBuffer: true)
        return tensor
    }

    private func check(_ path: ParameterPath) throws(TorchError) {
        let name = path.description
        guard !name.isEmpty else {
            throw .shape("parameter", expected: "a name", found: "the root path")
        }
        guard positions[name] == nil else {
            throw TorchError(operation: "parameter", message: "the name '\(name)' is taken")
        }
    }

    private func append(_ path: ParameterPath, _ tensor: Tensor, isBuffer: Bool) {
        positions[path.description] = entries.count
        entries.append(Entry(name: path.description, tensor: tensor, isBuffer: isBuffer))
    }
}

// MARK: - Loading and saving

extension ParameterStore {
    /// Overwrites all tensors from a file that holds exactly these names, dtypes and shapes.
    ///
    /// - Throws: `TorchError` that lists everything missing, unexpected and wrong; then no tensor
    ///   was changed.
    public func load(_ file: SafetensorsFile) throws(TorchError) {
        try check(names: file.names, of: file.path) { file.info($0) }
        // All bytes are read before the first tensor changes.
        var tensors: [Tensor] = []
        for entry in entries { tensors.append(try file.tensor(entry.name)) }
        try overwrite(with: tensors)
    }

    /// Overwrites all tensors from a dictionary with exactly these names, dtypes and shapes.
    ///
    /// - Throws: `TorchError` that lists everything missing, unexpected and wrong; then no tensor
    ///   was changed.
    public func load(tensors: [String: Tensor]) throws(TorchError) {
        try check(names: tensors.keys.sorted(), of: "tensors") { name in
            tensors[name].map { ($0.dtype, $0.shape) }
        }
        try overwrite(with: entries.compactMap { tensors[$0.name] })
    }

    /// Writes all tensors in order of creation, atomically and with checksums.
    ///
    /// - Returns: the file's `seal`.
    /// - Throws: `TorchError` as `SafetensorsFile.write`.
    @discardableResult
    public func save(
        to path: String, metadata: [String: String] = [:]
    ) throws(TorchError) -> UInt32 {
        try SafetensorsFile.writeSealed(
            entries.map { ($0.name, $0.tensor) }, metadata: metadata, to: path)
    }

    private func overwrite(with tensors: [Tensor]) throws(TorchError) {
        try withoutGrad { () throws(TorchError) in
            try Foreach.copy(entries.map(\.tensor), from: tensors)
        }
    }

    private func check(
        names: [String], of source: String,
        info: (String) -> (dtype: DType, shape: [Int])?
    ) throws(TorchError) {
        var missing: [String] = []
        var wrong: [String] = []
        for entry in entries {
            guard let found = info(entry.name) else {
                missing.append("'\(entry.name)'")
                continue
            }
            let expected = (dtype: entry.tensor.dtype, shape: entry.tensor.shape)
            if expected != found {
                wrong.append(
                    "'\(entry.name)' expected \(expected.dtype.rawValue) \(expected.shape), "
                        + "found \(found.dtype.rawValue) \(found.shape)")
            }
        }
        let unexpected = names.filter { positions[$0] == nil }.map { "'\($0)'" }
        let lists = [("missing", missing), ("unexpected", unexpected), ("wrong", wrong)]
        let problems = lists.filter { !$0.1.isEmpty }
            .map { "\($0.0): \($0.1.joined(separator: ", "))" }
        guard problems.isEmpty else {
            throw TorchError(
                operation: "load", message: "\(source): \(problems.joined(separator: "; "))")
        }
    }
}
