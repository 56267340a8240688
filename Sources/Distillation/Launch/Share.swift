import ResponseCache

/// A builder's share of a cache that several build: every n-th part.
///
/// Parts are numbered over the epochs in order, whether they are there or not, and part p belongs
/// to share p mod n. So builders need not talk to each other, and one that is started again goes
/// on with its own parts.
package struct Share: Sendable, Equatable {
    /// Which of the shares, from 0.
    package let index: Int
    /// The number of shares.
    package let count: Int
    /// Where the numbers were found, for example `RANK and WORLD_SIZE`; nil if nothing was said.
    package let source: String?

    /// The most shares: as many as a cache can have parts.
    static let most = 10_000_000

    /// All parts.
    package static let whole = Share(index: 0, count: 1, source: nil)

    /// One of `count` shares.
    package init(index: Int, count: Int, source: String?) {
        precondition((0..<count).contains(index), "share \(index) of \(count)")
        self.index = index
        self.count = count
        self.source = source
    }

    /// Reads `i/n`.
    ///
    /// - Parameter source: where the text was given, for messages.
    /// - Throws: `TrainingError` if `text` is no such share.
    package init(parsing text: String, source: String) throws(TrainingError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Self.number(parts[0]), let count = Self.number(parts[1])
        else { throw TrainingError("\(source) \(text): expected i/n, for example 0/4") }
        guard index < count else {
            throw TrainingError(
                "\(source) \(text): there is no such shard; of n shards i is 0 to n - 1")
        }
        guard count <= Self.most else {
            throw TrainingError(
                "\(source) \(text): a cache has at most \(Self.most) parts to share out")
        }
        self.init(index: index, count: count, source: source)
    }

    /// A share of this share's parts: every n-th of them.
    package func divided(_ share: Share) -> Share {
        let sources = [source, share.source].compactMap { $0 }
        return Share(
            index: index + count * share.index, count: count * share.count,
            source: sources.isEmpty ? nil : sources.joined(separator: ", "))
    }

    /// Whether a part is this share's.
    package func owns(_ part: PartID, of manifest: CacheManifest) -> Bool {
        (part.epoch * manifest.partsPerEpoch + part.index) % count == index
    }

    /// A number of digits alone: `Int` would take a sign, too.
    static func number(_ text: some StringProtocol) -> Int? {
        text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(text) : nil
    }
}

extension Share: CustomStringConvertible {
    /// `2/8`.
    package var description: String { "\(index)/\(count)" }
}

extension Share {
    /// The share that the launcher of this process gave it; `whole` if none did.
    ///
    /// Ranks are torchrun's (`RANK`, `WORLD_SIZE`), Open MPI's (`OMPI_COMM_WORLD_…`), those of
    /// other MPIs (`PMI_…`) or of `srun` (`SLURM_PROCID`, `SLURM_NTASKS`). The jobs of a Slurm
    /// array (`SLURM_ARRAY_TASK_…`) divide the cache among themselves first, the ranks of each job
    /// then divide the job's share.
    ///
    /// A launcher started by another one counts: `mpirun` within Slurm, torchrun within anything.
    /// `RANK` and `WORLD_SIZE` without torchrun are somebody's own, and must not contradict.
    ///
    /// - Throws: `TrainingError` for values that name no rank, and for ones that contradict.
    package init(environment: [String: String]) throws(TrainingError) {
        let variables = LauncherVariables(environment)
        let torchrun = try variables.pair("RANK", "WORLD_SIZE")
        let slurm = try variables.slurmTasks()
        let openMPI = try variables.pair("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")
        let pmi = try variables.pair("PMI_RANK", "PMI_SIZE")
        // srun sets these, too; then they say no more than Slurm's own.
        let mpi = [openMPI, pmi.flatMap { $0.agrees(with: slurm) ? nil : $0 }].compactMap { $0 }
            .filter { $0.count > 1 }

        var named = mpi.isEmpty ? [slurm].compactMap { $0 } : mpi
        if let torchrun {
            if variables["TORCHELASTIC_RUN_ID"] != nil { named = [] }
            named.insert(torchrun, at: 0)
        }
        named.removeAll { $0.count == 1 }
        let rank = named.first ?? .whole
        if let other = named.first(where: { !$0.agrees(with: rank) }) {
            throw TrainingError(
                "\(rank.source ?? "") say shard \(rank), \(other.source ?? "") say \(other); "
                    + "unset one pair", .shareUnknown(.variables))
        }
        guard let array = try variables.slurmArray(), array.count > 1 else {
            self = rank
            return
        }
        self = array.divided(rank)
    }

    /// Which of a machine's processes this one is, as its launcher says; `nil` if none does.
    ///
    /// - Throws: `TrainingError` for a value that is no number.
    package static func localRank(environment: [String: String]) throws(TrainingError) -> Int? {
        let names = [
            "LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID",
        ]
        for name in names {
            guard let text = LauncherVariables(environment)[name] else { continue }
            guard let rank = number(text) else {
                throw TrainingError(
                    "\(name) is '\(text)' and chooses no GPU; unset it", .deviceUnknown)
            }
            return rank
        }
        return nil
    }

    private func agrees(with other: Share?) -> Bool {
        index == other?.index && count == other?.count
    }
}

/// What launchers say in the environment.
private struct LauncherVariables {
    private let environment: [String: String]

    init(_ environment: [String: String]) { self.environment = environment }

    /// A variable that says something.
    subscript(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// The share in a pair of variables; nil where both are missing.
    func pair(_ rank: String, _ size: String) throws(TrainingError) -> Share? {
        switch (self[rank], self[size]) {
        case (nil, nil): return nil
        case (let index?, let count?):
            guard let index = Share.number(index), let count = Share.number(count), index < count,
                count <= Share.most
            else { throw invalid([rank, size]) }
            return Share(index: index, count: count, source: "\(rank) and \(size)")
        case (let index, _):
            let (there, missing) = index == nil ? (size, rank) : (rank, size)
            throw TrainingError(
                "\(there) is set and \(missing) is not; set both or none",
                .shareUnknown(.variables))
        }
    }

    /// The tasks of a Slurm step.
    func slurmTasks() throws(TrainingError) -> Share? {
        let (rank, size) = ("SLURM_PROCID", "SLURM_NTASKS")
        // A shell within an allocation has the count alone, a batch script of one task rank 0 alone.
        if self[rank] == nil || (self[rank] == "0" && self[size] == nil) { return nil }
        return try pair(rank, size)
    }

    /// The jobs of a Slurm array.
    func slurmArray() throws(TrainingError) -> Share? {
        let prefix = "SLURM_ARRAY_TASK_"
        let names = ["ID", "COUNT", "MIN"].map { prefix + $0 }
        guard let id = self[names[0]] else { return nil }
        guard let count = self[names[1]] else {
            throw TrainingError(
                "\(names[0]) is set and \(names[1]) is not", .shareUnknown(.none))
        }
        let step = self[prefix + "STEP"] ?? "1"
        guard let id = Share.number(id), let count = Share.number(count),
            let first = Share.number(self[names[2]] ?? "0"), let step = Share.number(step),
            step > 0,
            id >= first, (id - first).isMultiple(of: step), (id - first) / step < count,
            count <= Share.most
        else { throw invalid(names) }
        return Share(
            index: (id - first) / step, count: count, source: "\(names[0]) and \(names[1])")
    }

    private func invalid(_ names: [String]) -> TrainingError {
        let values = names.map { "\($0)=\(self[$0] ?? "")" }.joined(separator: " ")
        return TrainingError(
            "\(values): not a number from 0 and a larger count; correct them",
            .shareUnknown(.numbers))
    }
}
