import Base
import Recipes
import Torch

/// The networks that a recipe or the command line names.
package enum Registry {
    /// A name, the network behind it and how its published accuracy was measured.
    struct Published {
        var architecture: TeacherCard.Architecture
        var preprocessing: TeacherCard.Preprocessing
    }

    /// Every name, sorted.
    package static var names: [String] { entries.keys.sorted() }

    /// The architecture behind a name, or `nil` for an unknown one.
    package static func architecture(named name: String) -> TeacherCard.Architecture? {
        entries[name]?.architecture
    }

    /// How images are brought to a named network's input where no recipe or card says it; `nil` for
    /// an unknown name.
    ///
    /// It is the published evaluation of the weights that the name stands for: of a ResNet
    /// torchvision's first ones (`IMAGENET1K_V1`), of a BEiT timm's default ones. Others of the same
    /// architecture may want another: timm's `resnet50.a1_in1k` a crop share of 0.95 and bicubic.
    package static func preprocessing(named name: String) -> TeacherCard.Preprocessing? {
        entries[name]?.preprocessing
    }

    private static let entries: [String: Published] = {
        var entries: [String: Published] = [
            "beit_base_patch16_224": beit(
                224, width: 768, depth: 12, heads: 12, layerScale: 0.1, cropShare: 0.9),
            "beit_base_patch16_384": beit(
                384, width: 768, depth: 12, heads: 12, layerScale: 0.1, cropShare: 1),
            // timm starts the layer scale of the large models at 1e-5.
            "beit_large_patch16_224": beit(
                224, width: 1024, depth: 24, heads: 16, layerScale: 1e-5, cropShare: 0.9),
            // Not published by others: as teachers/beit_micro_patch4_32.yaml has it.
            "beit_micro_patch4_32": Published(
                architecture: .beit(
                    .init(
                        imageSize: 32, patch: 4, width: 64, depth: 4, heads: 4, mlpRatio: 4,
                        layerScale: 1)),
                preprocessing: .init(
                    size: 32, resize: 32, interpolation: .bilinear, mean: [0.5, 0.5, 0.5],
                    std: [0.5, 0.5, 0.5])),
        ]
        for depth in [18, 34, 50, 101, 152] {
            entries["resnet\(depth)"] = Published(
                architecture: .resnet(depth: depth),
                preprocessing: .init(
                    size: 224, resize: 256, interpolation: .bilinear,
                    mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]))
        }
        return entries
    }()

    /// A BEiT of timm's.
    ///
    /// - Parameter cropShare: timm's `crop_pct`: the crop's side over the resized short side, which
    ///   timm rounds down.
    private static func beit(
        _ size: Int, width: Int, depth: Int, heads: Int, layerScale: Double, cropShare: Double
    ) -> Published {
        Published(
            architecture: .beit(
                .init(
                    imageSize: size, patch: 16, width: width, depth: depth, heads: heads,
                    mlpRatio: 4, layerScale: layerScale)),
            preprocessing: .init(
                size: size, resize: Int(Double(size) / cropShare), interpolation: .bicubic,
                mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]))
    }

    /// The number of classes that weights of an architecture were trained for: the rows of the head.
    ///
    /// - Throws: `TorchError` if the file has no such head.
    package static func classes(
        of architecture: TeacherCard.Architecture, in file: SafetensorsFile
    ) throws(TorchError) -> Int {
        let network: any ImageClassifier.Type =
            switch architecture {
            case .beit: BEiT.self
            case .resnet, .precomputed: ResNet.self
            }
        guard let classes = network.classes(in: file) else {
            throw TorchError(
                operation: "load",
                message: "\(file.path): '\(network.head)', which has a row for each class, is "
                    + "missing; expected torchvision's or timm's names, found "
                    + file.names.map(\.quoted).listed)
        }
        guard (1...Recipe.Limits.classes.upperBound).contains(classes) else {
            throw TorchError(
                operation: "load",
                message: "\(file.path): '\(network.head)' has \(classes) rows; expected 1 to "
                    + "1000000 classes")
        }
        return classes
    }

    /// The version of the code that computes an architecture's logits, which caches of its responses
    /// record; `nil` for responses that somebody else computed.
    package static func version(of architecture: TeacherCard.Architecture) -> Int? {
        switch architecture {
        case .beit: BEiT.version
        case .resnet: ResNet.version
        case .precomputed: nil
        }
    }

    /// Makes a network of an architecture with freshly drawn weights.
    ///
    /// - Parameters:
    ///   - seed: the weights are a function of it.
    ///   - initialization: how they are drawn; nil for the family's own rule: PyTorch's for a
    ///     ResNet, timm's for a BEiT.
    ///   - dropPath: stochastic depth's rate at the last block.
    /// - Throws: `TorchError` for a ResNet depth that does not exist, for an initialization that the
    ///   family has not, for dimensions that make no network, or a device that is missing.
    package static func make(
        _ architecture: TeacherCard.Architecture, classes: Int, device: Device = .cpu,
        seed: UInt64 = 0,
        initialization: Recipe.Model.Initialization? = nil, dropPath: Double = 0
    ) throws(TorchError) -> any ImageClassifier {
        let store = try ParameterStore(device: device, seed: seed)
        switch architecture {
        case .beit(let beit):
            return try BEiT(
                beit, classes: classes, store: store, initialization: initialization,
                dropPath: dropPath)
        case .resnet(let depth):
            guard let configuration = ResNetConfiguration(depth: depth) else {
                throw TorchError(
                    operation: "ResNet",
                    message: "no depth \(depth); known: 18, 34, 50, 101, 152")
            }
            return try ResNet(
                configuration, classes: classes, store: store,
                initialization: initialization ?? .pytorch, dropPath: dropPath)
        case .precomputed:
            throw TorchError(
                operation: "a teacher of kind precomputed",
                message: "is a file of responses, no network")
        }
    }
}
