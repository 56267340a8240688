import Base
import CHDF5

/// Where the classes that a row does not store are likely to be: the teacher's mean response given
/// its most probable class.
///
/// A teacher that is sure of one class divides the rest among its look-alikes, and that is what the
/// tail of most rows looks like. A table of C × C halves is stored once for a whole cache.
package struct ResponsePrior: Sendable {
    /// Classes of a response.
    let classes: Int
    /// `[classes, classes]` halves, as they are stored: row c is the mean response whose most
    /// probable class is c.
    let table: [UInt16]
    /// The table as floats.
    let values: [Float]
    /// The sum of each of its rows, exact.
    let sums: [Float]
    /// `[classes, 48]`: the classes that each class's row gives most, itself left out, most probable
    /// first, equals by index; empty where there are not so many.
    let lookAlikes: [UInt16]
    /// SHA-256 of the table's bytes, little-endian, in lower-case hexadecimal.
    let digest: String

    /// The most classes for which there is a table: beyond them it would take hundreds of MiB.
    package static let maximumClasses = 4096

    /// Look-alikes listed for each class.
    static let lookAlikeCount = CHDF5_LOOK_ALIKES

    /// A table as it was stored.
    ///
    /// - Returns: nil if a row is no distribution: one with a value of 0 or of no half in 0…1, or
    ///   with a sum that is not nearly 1.
    init?(table: [UInt16], classes: Int) {
        precondition(table.count == classes * classes, "\(table.count) for \(classes) classes")
        // The halves of 0…1 are those whose bits are at most these.
        guard table.allSatisfy({ (1...Float16(1).bitPattern).contains($0) }) else { return nil }
        var values = [Float](repeating: 0, count: table.count)
        var sums: [Float] = []
        table.withUnsafeBufferPointer { table in
            values.withUnsafeMutableBufferPointer { values in
                guard let source = table.baseAddress, let target = values.baseAddress else {
                    return
                }
                for row in 0..<classes {
                    sums.append(
                        chdf5_widen(source + row * classes, target + row * classes, classes))
                }
            }
        }
        guard sums.allSatisfy({ $0 > 0.9 && $0 <= 1 }) else { return nil }
        self.classes = classes
        self.table = table
        self.values = values
        self.sums = sums
        lookAlikes = Self.lookAlikes(values, classes: classes)
        // x86-64 and arm64 hold numbers as files do.
        digest = table.withUnsafeBytes { SHA256Sum($0).hexadecimal }
    }

    private static func lookAlikes(_ values: [Float], classes: Int) -> [UInt16] {
        guard classes > lookAlikeCount else { return [] }
        var selection = LargestClasses()
        return values.withUnsafeBufferPointer { values in
            (0..<classes).flatMap { own in
                selection.select(
                    lookAlikeCount + 1,
                    of: UnsafeBufferPointer(rebasing: values[own * classes..<(own + 1) * classes]))
                return (0...lookAlikeCount).map { selection[$0] }.filter { $0 != own }
                    .prefix(lookAlikeCount).map { UInt16($0) }
            }
        }
    }
}

extension ResponsePrior: Equatable {
    /// Whether the tables are the same.
    package static func == (left: ResponsePrior, right: ResponsePrior) -> Bool {
        left.digest == right.digest
    }
}
