/// Is told how a long piece of work gets on; the command line draws it.
package protocol ProgressReporter {
    /// A piece of work begins.
    ///
    /// - Parameters:
    ///   - label: what is done, for example `epoch 3/20`.
    ///   - total: units in all.
    ///   - unit: what is counted, for example `images`.
    func begin(_ label: String, total: Int, unit: String)

    /// `done` units of the present work are finished.
    func advance(to done: Int, note: String)

    /// The present work is finished.
    func end()

    /// Prints one line, above any progress shown.
    func line(_ text: String)
}
