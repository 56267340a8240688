import ArgumentParser
import Views

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
