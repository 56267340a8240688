import Base
import StrictYAML
import Torch

/// A network before there are weights: a family, and its configuration.
package struct Architecture: Sendable, Equatable {
    /// Every family, in the order in which messages list their kinds.
    package static let families: [any NetworkFamily.Type] = [
        BEiTConfiguration.self, ViTConfiguration.self, ResNetConfiguration.self,
        EfficientNetLiteConfiguration.self, MobileNetV3Configuration.self,
        ConvNeXtConfiguration.self,
    ]

    private let configuration: any NetworkFamily

    package init(_ configuration: some NetworkFamily) {
        self.configuration = configuration
    }

    package static func == (one: Architecture, other: Architecture) -> Bool {
        func equals<Family: NetworkFamily>(_ one: Family) -> Bool {
            one == other.configuration as? Family
        }
        return equals(one.configuration)
    }

    private var family: any NetworkFamily.Type { type(of: configuration) }

    /// The family's name in cards.
    package var kind: String { family.kind }

    /// The version of the code that computes the logits.
    package var version: Int { family.version }

    /// How files may lay out its weights.
    package var layouts: [WeightLayout] { configuration.layouts }

    /// The parameters that have a row for each class.
    var head: Set<String> {
        let weights = [family.head] + family.furtherHeads
        return Set(weights + weights.map { $0.replacing("weight", with: "bias") })
    }

    /// Its stages, the first so many of which can be frozen (`NetworkFamily.stages`).
    package var stages: [[String]] { configuration.stages }

    /// How its weights are drawn where nobody says it: as PyTorch does for a ResNet, as the reference
    /// does for others.
    package var initialization: Initialization { family.initialization }

    /// The only side that images may have, in pixels; nil if any will do.
    package var imageSize: Int? { configuration.fixedImageSize }

    /// What the network is in another library, and how files there lay out its weights; nil if it is
    /// not there.
    package func counterpart(
        in library: WeightOrigin
    ) -> (network: Counterpart, layout: WeightLayout)? {
        guard let network = configuration.counterpart(in: library) else { return nil }
        guard let layout = layouts.first(where: { $0.origins.contains(library) }) else {
            preconditionFailure("\(kind) has a counterpart in a library, and no layout for it")
        }
        return (network, layout)
    }

    /// The kind and the dimensions in one line, as the fingerprint of a cache holds them.
    package var fingerprintLine: String {
        ([kind] + configuration.fields(under: "").map { "\($0.name)=\($0.value)" })
            .joined(separator: " ")
    }

    /// The first reason why no such network can be made; nil if there is none.
    package func fault(classes: Int) -> NetworkFault? { configuration.fault(classes: classes) }
}

// MARK: - Cards

extension Architecture {
    /// Reads the section `architecture` of a teacher's card.
    package init(
        of family: any NetworkFamily.Type, in card: SectionReader
    ) throws(YAMLError) {
        func read<Family: NetworkFamily>(_: Family.Type) throws(YAMLError) -> Architecture {
            Architecture(try card.section("architecture") as Family)
        }
        self = try read(family)
    }

    /// The section as it is written.
    package var entries: [YAMLValue.Entry] {
        func write(_ configuration: some NetworkFamily) -> [YAMLValue.Entry] {
            configuration.entries()
        }
        return write(configuration)
    }
}

// MARK: - Weights

extension Architecture {
    /// Makes the network with freshly drawn weights.
    ///
    /// - Parameters:
    ///   - seed: the weights are a function of it.
    ///   - initialization: how they are drawn; nil for the family's own rule: PyTorch's for a
    ///     ResNet, the reference's for others.
    ///   - dropPath: stochastic depth's rate at the last block.
    /// - Throws: `TorchError` for an initialization that the family has not, for dimensions that make
    ///   no network, or a device that is missing.
    package func makeNetwork(
        classes: Int, device: Device = .cpu, seed: UInt64 = 0,
        initialization: Initialization? = nil, dropPath: Double = 0
    ) throws(TorchError) -> any ImageClassifier {
        try configuration.makeNetwork(
            classes: classes, store: ParameterStore(device: device, seed: seed),
            initialization: initialization, dropPath: dropPath)
    }

    /// The layouts of an origin, those that files most often have first; all for nil.
    ///
    /// - Throws: `TorchError` that lists the family's if there is none of that origin.
    package func layouts(of origin: WeightOrigin?) throws(TorchError) -> [WeightLayout] {
        guard let origin else { return layouts }
        let found = layouts.filter { $0.origins.contains(origin) }
        guard found.isEmpty else { return found }
        let known = WeightOrigin.allCases.filter { origin in
            layouts.contains { $0.origins.contains(origin) }
        }
        throw TorchError(
            operation: "weights",
            message: "no layout \(origin.rawValue) of a \(kind)'s weights; known: "
                + known.map(\.rawValue).joined(separator: ", "))
    }

    /// The network's names and shapes without the numbers of its parameters: it can neither compute
    /// nor be loaded. It takes the memory of buffers, a few per channel, and of constants: of a BEiT's
    /// the index of all pairs of tokens.
    package func outline(classes: Int) throws(TorchError) -> any ImageClassifier {
        try configuration.makeNetwork(
            classes: classes, store: ParameterStore(), initialization: nil, dropPath: 0)
    }

    /// A tensor of a network of other dimensions made to fit this one; see `NetworkFamily.resampled`.
    func resampled(
        _ name: String, _ found: () throws(TorchError) -> Tensor, to shape: [Int]
    ) throws(TorchError) -> Tensor? {
        try configuration.resampled(name, found, to: shape)
    }

    /// The number of classes that weights were trained for: the rows of the head.
    ///
    /// - Parameter origin: whose layout the weights have; nil where they are to tell it.
    /// - Throws: `TorchError` if the weights have no such head, saying what they look like if it can be
    ///   told.
    package func classes(
        of file: any WeightsArchive, layout origin: WeightOrigin? = nil
    ) throws(TorchError) -> Int {
        let layouts = try layouts(of: origin)
        guard let classes = trainedClasses(of: file, layouts) else {
            let looks = WeightsLikeness(of: file).map { "; it looks like \($0.description)" } ?? ""
            throw TorchError(
                operation: "load",
                message: "\(file.path): '\(family.head)', which has a row for each class, is "
                    + "missing; expected \(layouts.owners) names, found "
                    + file.names.map(\.quoted).listed + looks)
        }
        guard (1...Limits.classes.upperBound).contains(classes) else {
            throw TorchError(
                operation: "load",
                message: "\(file.path): '\(family.head)' has \(classes) rows; expected 1 to "
                    + "1000000 classes")
        }
        return classes
    }

    /// The same, or nil if the weights have no head.
    func trainedClasses(of file: any WeightsArchive, _ layouts: [WeightLayout]) -> Int? {
        for layout in layouts {
            let head = layout.match(for: family.head).file[0]
            let name =
                file.info(head) != nil ? head : file.names.first { $0.hasSuffix(".\(head)") }
            if let name, let shape = file.info(name)?.shape, shape.count == 2 { return shape[0] }
        }
        return nil
    }
}
