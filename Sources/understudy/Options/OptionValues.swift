import ArgumentParser
import Base
import Distillation
import Imaging
import Recipes
import Torch
import Views

// Types of the libraries that options take by name.

extension Interpolation: ExpressibleByArgument {}

extension Recipe.Precision: ExpressibleByArgument {}

extension ResponseFamily: ExpressibleByArgument {}

extension Device: ExpressibleByArgument {
    /// Reads `cpu`, `cuda` or `cuda:N`.
    package init?(argument: String) {
        guard let device = try? Device(parsing: argument) else { return nil }
        self = device
    }
}

/// A range of slots, written `A..<B`.
struct SlotRange: ExpressibleByArgument {
    let range: Range<Int>

    init?(argument: String) {
        let parts = argument.components(separatedBy: "..<")
        guard parts.count == 2, let first = Int(parts[0]), let last = Int(parts[1]),
            first >= 0, first < last
        else { return nil }
        range = first..<last
    }

    static var defaultCompletionKind: CompletionKind { .default }

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
