extension Fingerprint {
    /// The same inputs in the words of now.
    ///
    /// Caches of format 3 that are older than this program call the recipe's keys of a section `view`
    /// `views.flip`, and count the epochs that they hold among what determines a row. Their own
    /// fingerprint stays theirs, for their parts hold its digest; what is compared is this.
    package var current: Fingerprint {
        let renamed = fields.filter { $0.name != Self.uncounted }.map { field in
            Field(name: Self.currentName(field.name), value: field.value)
        }
        // No program wrote both names of one field: such a fingerprint is nobody's.
        return Self.areNamesUnique(renamed) ? Fingerprint(fields: renamed) : self
    }

    /// How many epochs a cache holds says nothing of what a row is: a cache can grow.
    private static let uncounted = "cache.epochs"

    /// Fields that are not named for a key of the recipe, and keep the prefix.
    private static let versions = ["views.version", "views.mixing.version"]

    private static func currentName(_ name: String) -> String {
        let (earlier, now) = ("views.", "view.")
        guard name.hasPrefix(earlier), !versions.contains(name) else { return name }
        return now + name.dropFirst(earlier.count)
    }
}
