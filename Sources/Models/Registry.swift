import Recipes
import Torch

/// The networks that a recipe or the command line names.
public enum Registry {
    /// Every name, sorted.
    public static var names: [String] { entries.keys.sorted() }

    /// The architecture behind a name, or `nil` for an unknown one.
    public static func architecture(named name: String) -> TeacherCard.Architecture? {
        entries[name]
    }

    private static let entries: [String: TeacherCard.Architecture] = {
        var entries: [String: TeacherCard.Architecture] = [
            "beit_base_patch16_224": .beit(beit(224, patch: 16, width: 768, depth: 12, heads: 12)),
            "beit_base_patch16_384": .beit(beit(384, patch: 16, width: 768, depth: 12, heads: 12)),
            // timm starts the layer scale of the large models at 1e-5.
            "beit_large_patch16_224": .beit(
                beit(224, patch: 16, width: 1024, depth: 24, heads: 16, layerScale: 1e-5)),
            "beit_micro_patch4_32": .beit(
                beit(32, patch: 4, width: 64, depth: 4, heads: 4, layerScale: 1)),
        ]
        for depth in [18, 34, 50, 101, 152] { entries["resnet\(depth)"] = .resnet(depth: depth) }
        return entries
    }()

    private static func beit(
        _ size: Int, patch: Int, width: Int, depth: Int, heads: Int, layerScale: Double = 0.1
    ) -> TeacherCard.BEiTArchitecture {
        TeacherCard.BEiTArchitecture(
            imageSize: size, patch: patch, width: width, depth: depth, heads: heads, mlpRatio: 4,
            layerScale: layerScale)
    }

    /// The version of the code that computes an architecture's logits, which caches of its responses
    /// record; `nil` for responses that somebody else computed.
    public static func version(of architecture: TeacherCard.Architecture) -> Int? {
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
    ///   - dropPath: stochastic depth's rate at the last block.
    /// - Throws: `TorchError` for a ResNet depth that does not exist or a device that is missing.
    public static func make(
        _ architecture: TeacherCard.Architecture, classes: Int, device: Device = .cpu,
        seed: UInt64 = 0,
        initialization: Recipe.Model.Initialization = .pytorch, dropPath: Double = 0
    ) throws(TorchError) -> any ImageClassifier {
        let store = try ParameterStore(device: device, seed: seed)
        switch architecture {
        case .beit(let beit):
            return try BEiT(beit, classes: classes, store: store, dropPath: dropPath)
        case .resnet(let depth):
            guard let configuration = ResNetConfiguration(depth: depth) else {
                throw TorchError(
                    operation: "ResNet",
                    message: "no depth \(depth); known: 18, 34, 50, 101, 152")
            }
            return try ResNet(
                configuration, classes: classes, store: store, initialization: initialization,
                dropPath: dropPath)
        case .precomputed:
            throw TorchError(
                operation: "a teacher of kind precomputed",
                message: "is a file of responses, no network")
        }
    }

    /// How images are brought to a network's input where no recipe or card says it: the published
    /// evaluation of torchvision's ResNets and of timm's BEiT.
    public static func preprocessing(
        of architecture: TeacherCard.Architecture
    ) -> TeacherCard.Preprocessing {
        switch architecture {
        case .resnet:
            TeacherCard.Preprocessing(
                size: 224, resize: 256, interpolation: .bilinear,
                mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
        case .beit(let beit):
            // timm's crop ratio 0.9.
            TeacherCard.Preprocessing(
                size: beit.imageSize, resize: Int((Double(beit.imageSize) / 0.9).rounded()),
                interpolation: .bicubic, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5])
        case .precomputed: .none
        }
    }
}
