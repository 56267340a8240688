import Torch

/// Images, label distributions and a teacher's responses, made up on the CPU.
struct SyntheticBatch {
    /// `[N, 3, size, size]`, float32, channels last, about as large as normalized pixels.
    let images: Tensor
    /// `[N, classes]`, float32; each row sums to 1.
    let targets: Tensor
    /// `[N, classes]`, float32; each row sums to 1.
    let teacher: Tensor

    init(images count: Int, size: Int, classes: Int) throws(TorchError) {
        let generator = try RandomGenerator(seed: 11)
        func draw(_ shape: [Int], std: Double) throws(TorchError) -> Tensor {
            let values = try Tensor.empty(shape)
            try values.normal(std: std, generator: generator)
            return values
        }
        // Neighboring pixels go together, as in a photograph: a coarse pattern and some grain.
        let coarse = (size + 15) / 16
        let pattern = try draw([count, 3, coarse, 1, coarse, 1], std: 1)
            .expanded([count, 3, coarse, 16, coarse, 16])
            .reshaped([count, 3, coarse * 16, coarse * 16])
            .narrowed(dimension: 2, start: 0, count: size)
            .narrowed(dimension: 3, start: 0, count: size)
        images = try (pattern + draw([count, 3, size, size], std: 0.2)).contiguous(.channelsLast)
        targets = try draw([count, classes], std: 2).softmax()
        teacher = try draw([count, classes], std: 3).softmax()
    }

    private init(images: Tensor, targets: Tensor, teacher: Tensor) {
        (self.images, self.targets, self.teacher) = (images, targets, teacher)
    }

    /// The same on a device.
    func on(_ device: Device) throws(TorchError) -> SyntheticBatch {
        try SyntheticBatch(
            images: images.to(device), targets: targets.to(device), teacher: teacher.to(device))
    }
}
