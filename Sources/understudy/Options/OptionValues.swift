import ArgumentParser
import Base
import Distillation
import Imaging
import Models
import Recipes
import Torch
import Views

// Types of the libraries that options take by name.

extension Interpolation: ExpressibleByArgument {}

extension Recipe.Precision: ExpressibleByArgument {}

extension ResponseFamily: ExpressibleByArgument {}

extension WeightOrigin: ExpressibleByArgument {}

extension Device: ExpressibleByArgument {
    /// Reads `cpu`, `cuda` or `cuda:N`.
    package init?(argument: String) {
        guard let device = try? Device(parsing: argument) else { return nil }
        self = device
    }
}

/// A range of slots or epochs, written `A..<B`.
struct SlotRange {
    let range: Range<Int>

    /// - Throws: `ValidationError` that says what was meant, where that can be told.
    init(parsing text: String) throws {
        let parts = text.components(separatedBy: "..<")
        guard parts.count == 2, let first = Int(parts[0]), let last = Int(parts[1]), first >= 0,
            first < last
        else {
            let meant = Self.meant(by: text).map {
                "; did you mean '\($0.lowerBound)..<\($0.upperBound)'?"
            }
            throw ValidationError(
                "a range is written A..<B, from A to the one before B" + (meant ?? ""))
        }
        range = first..<last
    }

    /// The range that other ways of writing one mean: Python's, a shell's, Swift's closed one, and
    /// one number alone. Only three dots include the last.
    private static func meant(by text: String) -> Range<Int>? {
        let forms = /(\d+)(?:(\.\.<|\.{2,3}|[-:–,])(\d+))?/
        guard let match = try? forms.wholeMatch(in: text), let first = Int(match.1) else {
            return nil
        }
        guard let end = match.3.map({ Int($0) }) ?? first, end < .max else { return nil }
        let last = match.2 == nil || match.2 == "..." ? end + 1 : end
        return first < last ? first..<last : nil
    }

    /// Checks that an epoch has these slots.
    func check(against plan: ViewPlan) throws {
        guard range.upperBound <= plan.slotsPerEpoch else {
            throw CommandError(
                "--slots ends at \(range.upperBound), an epoch of this recipe has "
                    + "\(plan.slotsPerEpoch)")
        }
    }
}

extension Limits {
    /// Checks the `--epoch` of a command.
    static func check(epoch: Int) throws {
        guard (0..<epochs.upperBound).contains(epoch) else {
            throw ValidationError("--epoch must be between 0 and \(epochs.upperBound - 1)")
        }
    }

    /// Checks the `--batch` of a command.
    static func check(batch size: Int) throws {
        guard batch.contains(size) else {
            throw ValidationError("--batch must be between 1 and \(batch.upperBound)")
        }
    }
}
