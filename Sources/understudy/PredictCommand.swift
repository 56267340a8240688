import ArgumentParser
import Base
import Foundation
import Imaging
import Loading
import Torch

/// `understudy predict`.
struct PredictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "Prints the classes of images.",
        discussion: """
            Example:
              understudy predict --teacher teachers/beit_base_patch16_224.yaml --json cat.jpg
            """)

    @OptionGroup var classifier: ClassifierOptions

    @Option(name: .long, help: "Where to compute: cpu or cuda:N.")
    var device = Device.cpu

    @Option(name: .long, help: "Classes printed for each image, most probable first.")
    var top = 5

    @Flag(name: .long, help: "Print every class's logit too.")
    var logits = false

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    @Argument(help: "Images, JPEG or PNG.")
    var images: [String]

    func validate() throws {
        guard top >= 1 else { throw ValidationError("--top must be at least 1") }
    }

    func run() throws {
        try device.require()
        let classifier = try classifier.load(on: device)
        let normalisation = try Normalisation(
            mean: classifier.mean, std: classifier.std, device: device)
        var output = Output(images: [])
        for path in images {
            let pixels = try Self.render(path, classifier.transform)
            let values = try withoutGrad {
                let images = try pixels.withTensor { pixels throws(TorchError) in
                    try normalisation(pixels.to(device))
                }
                return try classifier.network.logits(images, mode: .evaluation).to(.float32)
            }
            let probabilities = try values.softmax(dimension: -1).floats()
            let best = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
            output.images.append(
                .init(
                    path: path,
                    top: best.prefix(top).map { .init(class: $0, probability: probabilities[$0]) },
                    logits: logits ? try values.floats() : nil))
        }
        if json {
            try StandardStreams.print(output.json())
            return
        }
        for image in output.images {
            let text = image.top.map { String(format: "%d: %.4f", $0.class, $0.probability) }
            try StandardStreams.print("\(image.path)  \(text.joined(separator: "  "))")
            if let logits = image.logits { try StandardStreams.print("  logits \(logits)") }
        }
    }

    private static func render(
        _ path: String, _ transform: EvaluationTransform
    ) throws -> PixelBatch {
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            return try data.withUnsafeBytes { try transform($0) }
        } catch let error as ImageError {
            throw CommandError("\(path): \(error)")
        } catch let error as TorchError {
            throw error
        } catch {
            throw CommandError("\(path): cannot be read: \(error.localizedDescription)")
        }
    }

    private struct Output: Encodable {
        struct Image: Encodable {
            struct Class: Encodable {
                let `class`: Int
                let probability: Float
            }

            let path: String
            let top: [Class]
            let logits: [Float]?
        }

        var images: [Image]
    }
}
