/// How many cores' time the control groups of a process leave it.
enum CoreQuota {
    /// This process's quota, in cores; `nil` where there is none.
    static func ofProcess() -> Double? {
        ControlGroups.ofProcess("cpu").flatMap { least($0, reading: BoundedFile.text) }
    }

    /// The least quota of a process's groups and of those around them.
    ///
    /// - Parameter reading: the text of a file, or `nil` where it cannot be read.
    ///
    /// Source: Linux, admin-guide/cgroup-v2, `cpu.max`; scheduler/sched-bwc, `cpu.cfs_quota_us`.
    static func least(
        _ groups: ControlGroups, reading: (_ path: String) -> String?
    ) -> Double? {
        groups.folders.compactMap { folder in
            folder.isUnified
                ? unified(reading("\(folder.path)/cpu.max"))
                : legacy(
                    quota: reading("\(folder.path)/cpu.cfs_quota_us"),
                    period: reading("\(folder.path)/cpu.cfs_period_us"))
        }.min()
    }

    /// Of `200000 100000`: 2; of `max 100000`: nothing.
    private static func unified(_ text: String?) -> Double? {
        let fields = text?.split(whereSeparator: \.isWhitespace) ?? []
        guard fields.count == 2 else { return nil }
        return ratio(fields[0], fields[1])
    }

    private static func legacy(quota: String?, period: String?) -> Double? {
        guard let quota = quota?.split(whereSeparator: \.isWhitespace).first,
            let period = period?.split(whereSeparator: \.isWhitespace).first
        else { return nil }
        return ratio(quota, period)
    }

    private static func ratio(_ quota: Substring, _ period: Substring) -> Double? {
        // A quota of -1 is none.
        guard let quota = Int(quota), let period = Int(period), quota > 0, period > 0 else {
            return nil
        }
        return Double(quota) / Double(period)
    }
}
