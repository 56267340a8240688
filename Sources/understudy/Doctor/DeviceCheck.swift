import ArgumentParser
import Foundation
import Torch

/// A path through the program on a device, compared with the same on the CPU.
///
/// Everything that is compared is made up from fixed seeds: no data and no weights are needed.
enum DeviceCheck: String, CaseIterable, ExpressibleByArgument {
    /// Views decoded into page-locked buffers that are used again and again, normalized and mixed.
    case mixing
    /// The operations that no network runs: the loss, its gradient, and the choice of classes.
    case loss
    /// Forward and backward of ResNet50 in float32.
    case student
    /// The same with convolutions and products in TF32.
    case studentTF32 = "student-tf32"
    /// The same under bfloat16 autocast.
    case studentBF16 = "student-bf16"
    /// Forward and backward of BEiT-Base in float32, random depth included.
    case teacher
    /// The same under bfloat16 autocast.
    case teacherBF16 = "teacher-bf16"
    /// Two of its blocks on 384 pixels: 577 tokens, a length at which attention kernels have failed.
    case teacher384 = "teacher-384"
    /// Forward and backward of two blocks of ViT-Base, in both precisions: attention without a bias,
    /// whose gradient comes from a fused kernel.
    case vit
    /// Forward and backward of MobileNetV3-Large in float32: convolutions of each channel, excitation.
    case mobilenet
    /// Steps of LAMB, AdamW and SGD.
    case optimizers
    /// The moving average, and weights written from one device and read on another.
    case weights
    /// A cache that a teacher fills on the device.
    case cache

    /// Runs it.
    ///
    /// - Throws: whatever keeps it from being compared.
    func run(on device: Device) throws -> [DeviceComparison] {
        switch self {
        case .mixing: try SyntheticExperiment.with { try compareMixing(on: device, with: $0) }
        case .loss: try compareLoss(on: device)
        case .student: try compareStudent(on: device, .float32)
        case .studentTF32: try compareStudent(on: device, .tensorFloat)
        case .studentBF16: try compareStudent(on: device, .bfloat16)
        case .teacher: try compareTeacher(on: device, .float32)
        case .teacherBF16: try compareTeacher(on: device, .bfloat16)
        case .teacher384: try compareLongAttention(on: device)
        case .vit: try compareViT(on: device)
        case .mobilenet: try compareMobileNet(on: device)
        case .optimizers: try compareOptimizers(on: device)
        case .weights: try SyntheticExperiment.with { try compareWeights(on: device, with: $0) }
        case .cache: try SyntheticExperiment.with { try compareCaches(on: device, with: $0) }
        }
    }
}

/// How far a device's numbers are from the CPU's.
struct DeviceComparison: Encodable {
    /// What was compared.
    let what: String
    /// The difference, in the measure that `what` names.
    let difference: Double
    /// What it may be at most.
    let tolerance: Double

    /// Whether the device is within the tolerance; a difference that is no number is not.
    var holds: Bool { difference <= tolerance }

    private enum CodingKeys: String, CodingKey { case what, difference, tolerance, holds }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(what, forKey: .what)
        // JSON has no word for a difference that is no number: null.
        try container.encode(difference.isFinite ? difference : nil, forKey: .difference)
        try container.encode(tolerance, forKey: .tolerance)
        try container.encode(holds, forKey: .holds)
    }
}

extension DeviceComparison {
    /// Compares by the norm of the difference over that of the reference.
    static func relative(
        _ what: String, _ values: [Float], to reference: [Float], tolerance: Double
    ) -> DeviceComparison {
        guard values.count == reference.count else { return .unlike(what, tolerance) }
        var difference = 0.0
        var norm = 0.0
        for (value, expected) in zip(values, reference) {
            difference += (Double(value) - Double(expected)) * (Double(value) - Double(expected))
            norm += Double(expected) * Double(expected)
        }
        // A reference of zeros only is met by zeros only.
        let ratio = difference == 0 ? 0 : (difference / norm).squareRoot()
        return DeviceComparison(what: "\(what), relative", difference: ratio, tolerance: tolerance)
    }

    /// Compares by the largest absolute difference.
    static func largest(
        _ what: String, _ values: [Float], to reference: [Float], tolerance: Double
    ) -> DeviceComparison {
        guard values.count == reference.count else { return .unlike(what, tolerance) }
        var largest = 0.0
        for (value, expected) in zip(values, reference) {
            let difference = abs(Double(value) - Double(expected))
            // `max` would drop a NaN.
            if !(difference <= largest) { largest = difference }
            if largest.isNaN { break }
        }
        return DeviceComparison(what: "\(what), largest", difference: largest, tolerance: tolerance)
    }

    /// Counts the elements that differ, of which there may be none.
    static func count<Element: Equatable>(
        _ what: String, _ values: [Element], to reference: [Element]
    ) -> DeviceComparison {
        guard values.count == reference.count else { return .unlike(what, 0) }
        let differing = zip(values, reference).reduce(0) { $0 + ($1.0 == $1.1 ? 0 : 1) }
        return DeviceComparison(
            what: "\(what), that differ", difference: Double(differing), tolerance: 0)
    }

    private static func unlike(_ what: String, _ tolerance: Double) -> DeviceComparison {
        DeviceComparison(what: "\(what), shape", difference: .nan, tolerance: tolerance)
    }
}
