import Base
import Foundation
import Imaging
import Synchronization
import Torch

/// Images that are made up, in class folders.
enum SyntheticImages {
    /// The classes of the images.
    static let classes = 8

    /// Writes photo-like JPEGs of 500 x 375 pixels: image i in the class folder i mod 8.
    ///
    /// Their content is nobody's concern but a decoder's: slopes, waves and noise that come to some
    /// 100 kB, as ImageNet's files have. The same arguments give the same bytes.
    ///
    /// - Throws: `SystemFailure`, `ImageError`.
    static func write(count: Int, to folder: String) throws {
        for label in 0..<min(classes, count) {
            try Folders.make("\(folder)/c\(label)")
        }
        let next = Atomic(0)
        let failure = Mutex<(any Error)?>(nil)
        WorkerThread.run(Cores.usable.count) {
            while failure.withLock({ $0 == nil }) {
                let index = next.add(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                do {
                    try AtomicFile.write(
                        Data(ImageEncoder.jpeg(image(index), quality: 90)),
                        to: "\(folder)/c\(index % classes)/\(index).jpg")
                } catch {
                    failure.withLock { $0 = error }
                }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }

    private static func image(_ seed: Int) -> Image {
        let (width, height) = (500, 375)
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        func draw() -> UInt64 {
            // xorshift64.
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        let waves = (0..<9).map { _ in 0.01 + Double(draw() % 1000) / 4000 }
        for y in 0..<height {
            for x in 0..<width {
                let noise = draw()
                for channel in 0..<3 {
                    let slope = Double(x + 2 * y) * waves[channel] / 4
                    let wave =
                        40 * sin(Double(x) * waves[3 + channel])
                        + 30 * cos(Double(y) * waves[6 + channel])
                    let grain = Double(noise >> UInt64(20 * channel) & 0x1F) - 16
                    pixels[(y * width + x) * 3 + channel] = UInt8(
                        clamping: Int(
                            128 + slope.truncatingRemainder(dividingBy: 40) + wave + grain))
                }
            }
        }
        return Image(width: width, height: height, pixels: pixels)
    }
}
