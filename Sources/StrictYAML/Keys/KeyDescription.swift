/// What the documentation says of a key.
package struct KeyDescription: Sendable, Equatable {
    package var name: String
    /// What the value is: "a number from 0 to 1".
    package var value: String
    /// What it is where the key is absent; `nil` where it must not be.
    package var standard: String?
    /// What it means, with its unit; one sentence without its full stop.
    package var summary: String
    /// The keys of a section; empty for a value.
    package var section: [KeyDescription] = []
    /// With which values of the section's choice the key has a meaning; empty where it always has.
    package var choices: [String] = []
}
