/// How a resize weighs source pixels.
public enum Interpolation: String, Sendable, Codable, CaseIterable {
    /// The triangle filter, one output pixel to each side.
    case bilinear
    /// The cubic convolution filter with a = -0.5, two output pixels to each side.
    case bicubic

    /// Half the filter's width, in output pixels when shrinking, in source pixels otherwise.
    var support: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        }
    }

    func weight(at distance: Double) -> Double {
        let x = abs(distance)
        switch self {
        case .bilinear:
            return x < 1 ? 1 - x : 0
        case .bicubic:
            if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
            if x < 2 { return (((x - 5) * x + 8) * x - 4) * -0.5 }
            return 0
        }
    }
}

extension Image {
    /// Resizes with antialiasing, to the same bytes as Pillow's `Image.resize`.
    ///
    /// Source: Pillow 13, `src/libImaging/Resample.c`: weights normalised in double precision and
    /// rounded to 22 fractional bits, one pass along each axis whose size changes, each rounded to
    /// 8 bits. Since Pillow 13 the vertical pass comes first where the height loses more than
    /// twice as many pixels as the width; earlier versions always begin with the horizontal one.
    public func resized(width: Int, height: Int, interpolation: Interpolation) -> Image {
        precondition(width > 0 && height > 0, "cannot resize to \(width)x\(height)")
        let verticalFirst = height < self.height && self.height - height > 2 * (self.width - width)
        if verticalFirst {
            return resized(height: height, interpolation).resized(width: width, interpolation)
        }
        return resized(width: width, interpolation).resized(height: height, interpolation)
    }

    private func resized(width: Int, _ interpolation: Interpolation) -> Image {
        if width == self.width { return self }
        let taps = ResampleTaps(from: self.width, to: width, interpolation)
        return withPixels { source in
            Image(width: width, height: height) { target in
                taps.resampleRows(source, width: self.width, height: height, into: target)
            }
        }
    }

    private func resized(height: Int, _ interpolation: Interpolation) -> Image {
        if height == self.height { return self }
        let taps = ResampleTaps(from: self.height, to: height, interpolation)
        return withPixels { source in
            Image(width: width, height: height) { target in
                taps.resampleColumns(source, rowBytes: width * 3, into: target)
            }
        }
    }
}

/// For each position along one output axis, the source positions that it is made from.
struct ResampleTaps {
    /// Fractional bits of a weight: 32 less 8 of a sample and 2 for sums outside of 0...1.
    static let precisionBits: Int32 = 32 - 8 - 2
    private static let half: Int32 = 1 << (precisionBits - 1)

    /// The number of output positions.
    let count: Int
    /// The most taps that a position can have; the distance between rows of `weights`.
    let stride: Int
    /// The first source position of each output position.
    let starts: [Int]
    /// The number of source positions of each output position.
    let lengths: [Int]
    /// `[count, stride]`, in units of 2⁻²²; zero past the length.
    let weights: [Int32]

    init(from sourceCount: Int, to count: Int, _ interpolation: Interpolation) {
        // Pillow takes the box as fp32, which is exact below 2²⁴ pixels.
        let scale = Double(sourceCount) / Double(count)
        let filterScale = max(scale, 1)
        let support = interpolation.support * filterScale
        let step = 1 / filterScale
        let stride = Int(support.rounded(.up)) * 2 + 1
        var starts = [Int](repeating: 0, count: count)
        var lengths = [Int](repeating: 0, count: count)
        var weights = [Int32](repeating: 0, count: count * stride)
        var exact = [Double](repeating: 0, count: stride)
        for position in 0..<count {
            let center = (Double(position) + 0.5) * scale
            let start = max(Int(center - support + 0.5), 0)
            let length = min(Int(center + support + 0.5), sourceCount) - start
            var sum = 0.0
            for tap in 0..<length {
                exact[tap] = interpolation.weight(
                    at: (Double(tap + start) - center + 0.5) * step)
                sum += exact[tap]
            }
            for tap in 0..<length {
                let weight = sum != 0 ? exact[tap] / sum : exact[tap]
                let scaled = weight * Double(1 << Self.precisionBits)
                weights[position * stride + tap] = Int32(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
            }
            starts[position] = start
            lengths[position] = length
        }
        self.count = count
        self.stride = stride
        self.starts = starts
        self.lengths = lengths
        self.weights = weights
    }

    /// Filters along rows: `[height, width, 3]` to `[height, count, 3]`.
    func resampleRows(
        _ source: UnsafePointer<UInt8>, width: Int, height: Int,
        into target: UnsafeMutablePointer<UInt8>
    ) {
        withTables { starts, lengths, weights in
            var output = target
            for row in 0..<height {
                let line = source + row &* width &* 3
                var kernel = weights
                for position in 0..<count {
                    var pixel = line + starts[position] &* 3
                    var red = Self.half
                    var green = Self.half
                    var blue = Self.half
                    for tap in 0..<lengths[position] {
                        let weight = kernel[tap]
                        red &+= Int32(truncatingIfNeeded: pixel[0]) &* weight
                        green &+= Int32(truncatingIfNeeded: pixel[1]) &* weight
                        blue &+= Int32(truncatingIfNeeded: pixel[2]) &* weight
                        pixel += 3
                    }
                    output[0] = Self.sample(red)
                    output[1] = Self.sample(green)
                    output[2] = Self.sample(blue)
                    output += 3
                    kernel += stride
                }
            }
        }
    }

    /// Filters along columns: rows of `rowBytes` samples to `count` such rows.
    func resampleColumns(
        _ source: UnsafePointer<UInt8>, rowBytes: Int, into target: UnsafeMutablePointer<UInt8>
    ) {
        withTables { starts, lengths, weights in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowBytes) { sums in
                guard let sums = sums.baseAddress else { return }
                for position in 0..<count {
                    let kernel = weights + position &* stride
                    let first = source + starts[position] &* rowBytes
                    sums.initialize(repeating: Self.half, count: rowBytes)
                    for tap in 0..<lengths[position] {
                        let weight = kernel[tap]
                        let line = first + tap &* rowBytes
                        for column in 0..<rowBytes {
                            sums[column] &+= Int32(truncatingIfNeeded: line[column]) &* weight
                        }
                    }
                    let output = target + position &* rowBytes
                    for column in 0..<rowBytes { output[column] = Self.sample(sums[column]) }
                }
            }
        }
    }

    @inline(__always)
    private static func sample(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: min(max(sum >> precisionBits, 0), 255))
    }

    private func withTables(
        _ body: (UnsafePointer<Int>, UnsafePointer<Int>, UnsafePointer<Int32>) -> Void
    ) {
        starts.withUnsafeBufferPointer { starts in
            lengths.withUnsafeBufferPointer { lengths in
                weights.withUnsafeBufferPointer { weights in
                    guard let starts = starts.baseAddress, let lengths = lengths.baseAddress,
                        let weights = weights.baseAddress
                    else { return }
                    body(starts, lengths, weights)
                }
            }
        }
    }
}
