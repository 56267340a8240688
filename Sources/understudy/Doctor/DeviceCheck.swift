import ArgumentParser
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
        case .optimizers: try compareOptimizers(on: device)
        case .weights: try SyntheticExperiment.with { try compareWeights(on: device, with: $0) }
        case .cache: try SyntheticExperiment.with { try compareCaches(on: device, with: $0) }
        }
    }
}
