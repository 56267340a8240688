import Base

/// Tells nobody.
struct NoProgress: ProgressReporter {
    func begin(_ label: String, total: Int, unit: String) {}
    func advance(to done: Int, note: String) {}
    func end() {}
    func line(_ text: String) {}
}
