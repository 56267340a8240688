import Base
import Imaging

/// What a look at every image of a data set finds.
package struct ImageSurvey: Sendable {
    /// An image as far as its header tells.
    package enum Finding: Sendable, Equatable {
        case size(width: Int, height: Int)
        /// It cannot be read or decoded; a line that begins with its place.
        case unreadable(String)
    }

    /// One for each image, in the data set's order.
    package let findings: [Finding]

    /// The images that can be used.
    package var readable: [Int] {
        findings.indices.filter { if case .size = findings[$0] { true } else { false } }
    }

    /// The lines of those that cannot.
    package var faults: [String] {
        findings.compactMap { if case .unreadable(let line) = $0 { line } else { nil } }
    }

    /// The short sides of the images, sorted, pixels.
    package var shortSides: [Int] {
        findings.compactMap {
            if case .size(let width, let height) = $0 { min(width, height) } else { nil }
        }.sorted()
    }
}

extension ImageDataset {
    /// Looks at the beginning and the end of every image, as `checkValidationImages` does.
    ///
    /// - Parameter report: told how many of the images are looked at.
    /// - Throws: `Interrupted` after a signal.
    package func survey(workers: Int, report: (_ done: Int) -> Void) throws -> ImageSurvey {
        let piece = 256 * max(workers, 1)
        var findings: [ImageSurvey.Finding] = []
        for start in stride(from: 0, to: samples.count, by: piece) {
            let count = min(piece, samples.count - start)
            findings += try DatasetError.stoppable { () throws(DatasetError) in
                try concurrentMap(count, workers: workers) { index throws(DatasetError) in
                    try DatasetError.refuseInterruption(reading: path)
                    return finding(of: start + index)
                }
            }
            report(findings.count)
        }
        return ImageSurvey(findings: findings)
    }

    private func finding(of index: Int) -> ImageSurvey.Finding {
        do throws(DatasetError) {
            if let error = try fault(of: index) { return .unreadable(error.description) }
            let head = 0..<min(samples[index].bytes, Self.headBytes)
            let size: (width: Int, height: Int)
            do throws(DatasetError) {
                size = try reading(head, of: index, into: FileBuffer()) {
                    try ImageDecoder.size(of: $0)
                }
            } catch {
                let bounds = try bounds(of: index)
                size = (bounds.width, bounds.height)
            }
            return .size(width: size.width, height: size.height)
        } catch {
            return .unreadable(error.description)
        }
    }
}
