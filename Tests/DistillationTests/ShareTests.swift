import Testing

@testable import Distillation

@Suite("Shards") struct ShareTests {
    /// Environments as launchers leave them, and the shard and source they mean.
    static let launched: [([String: String], String, String?)] = [
        ([:], "0/1", nil),
        (["RANK": "2", "WORLD_SIZE": "3"], "2/3", "RANK and WORLD_SIZE"),
        (["RANK": "0", "WORLD_SIZE": "1"], "0/1", nil),
        (["RANK": "", "WORLD_SIZE": ""], "0/1", nil),
        (["SLURM_PROCID": "5", "SLURM_NTASKS": "8"], "5/8", "SLURM_PROCID and SLURM_NTASKS"),
        // A shell of salloc, and a batch script without srun.
        (["SLURM_NTASKS": "8"], "0/1", nil),
        (["SLURM_PROCID": "0"], "0/1", nil),
        // --array=10-70:20, of which each job is one task.
        (
            [
                "SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_ARRAY_TASK_ID": "50",
                "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "10",
                "SLURM_ARRAY_TASK_STEP": "20",
            ], "2/4", "SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT"
        ),
        // Jobs of two tasks: each job's share is divided again.
        (
            [
                "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "SLURM_ARRAY_TASK_ID": "3",
                "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1",
            ], "6/8",
            "SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT, SLURM_PROCID and SLURM_NTASKS"
        ),
        (
            ["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4"], "1/4",
            "OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE"
        ),
        (["PMI_RANK": "1", "PMI_SIZE": "2"], "1/2", "PMI_RANK and PMI_SIZE"),
        // mpirun in a batch script, or with one daemon for each node.
        (
            [
                "SLURM_PROCID": "0", "SLURM_NTASKS": "2", "OMPI_COMM_WORLD_RANK": "3",
                "OMPI_COMM_WORLD_SIZE": "8",
            ], "3/8", "OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE"
        ),
        // srun with one torchrun for each node; srun's PMI repeats srun.
        (
            [
                "SLURM_PROCID": "1", "SLURM_NTASKS": "2", "PMI_RANK": "1", "PMI_SIZE": "2",
                "RANK": "6", "WORLD_SIZE": "8", "TORCHELASTIC_RUN_ID": "none",
            ], "6/8", "RANK and WORLD_SIZE"
        ),
        // A script that exports what the launcher says.
        (
            ["SLURM_PROCID": "1", "SLURM_NTASKS": "2", "RANK": "1", "WORLD_SIZE": "2"], "1/2",
            "RANK and WORLD_SIZE"
        ),
    ]

    @Test("a launcher's environment names the shard", arguments: Self.launched)
    func environment(_ variables: [String: String], _ text: String, _ source: String?) throws {
        let shard = try Share(environment: variables)
        #expect("\(shard)" == text)
        #expect(shard.source == source)
    }

    static let contradictions: [([String: String], String, TrainingError.Kind.Correction)] = [
        (
            ["RANK": "1"],
            "RANK is set and WORLD_SIZE is not; set both or none", .variables
        ),
        (
            ["RANK": "3", "WORLD_SIZE": "3"],
            "RANK=3 WORLD_SIZE=3: not a number from 0 and a larger count; correct them",
            .numbers
        ),
        (
            ["SLURM_PROCID": "-1", "SLURM_NTASKS": "2"],
            "SLURM_PROCID=-1 SLURM_NTASKS=2: not a number from 0 and a larger count; correct "
                + "them", .numbers
        ),
        // --array=1,5,9 is no plain range.
        (
            [
                "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "1",
            ],
            "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1: not a number "
                + "from 0 and a larger count; correct them", .numbers
        ),
        (
            ["RANK": "0", "WORLD_SIZE": "4", "SLURM_PROCID": "1", "SLURM_NTASKS": "2"],
            "RANK and WORLD_SIZE say shard 0/4, SLURM_PROCID and SLURM_NTASKS say 1/2; unset one "
                + "pair", .variables
        ),
    ]

    @Test("contradictions and nonsense are one clear line", arguments: Self.contradictions)
    func refused(
        _ variables: [String: String], _ text: String, _ correction: TrainingError.Kind.Correction
    ) {
        #expect(throws: TrainingError(text, .shareUnknown(correction))) {
            try Share(environment: variables)
        }
    }

    @Test("the shares of a shard are its own parts, each once") func divided() {
        let shard = Share(index: 2, count: 3, source: nil)
        let shares = (0..<4).map { shard.divided(Share(index: $0, count: 4, source: nil)) }
        for part in 0..<60 {
            let owners = shares.filter { part % $0.count == $0.index }.count
            #expect(owners == (part % 3 == 2 ? 1 : 0))
        }
    }

    @Test("a share is written i/n and nothing else") func option() throws {
        #expect(
            try Share(parsing: "3/7", source: "--shard")
                == Share(index: 3, count: 7, source: "--shard"))
        for text in ["", "1", "1/", "/2", "+1/2", "a/2", "1/2/3", "1 /2"] {
            #expect(throws: TrainingError("--shard \(text): expected i/n, for example 0/4")) {
                try Share(parsing: text, source: "--shard")
            }
        }
        for text in ["2/2", "0/0"] {
            #expect(
                throws: TrainingError(
                    "--shard \(text): there is no such shard; of n shards i is 0 to n - 1")
            ) { try Share(parsing: text, source: "--shard") }
        }
    }

    @Test("shares of shares of any number are counted, or refused") func huge() throws {
        let most = Share.most
        let largest = try Share(parsing: "\(most - 1)/\(most)", source: "--shard")
        let share = Share(index: 1023, count: 1024, source: nil)
        let divided = largest.divided(largest).divided(share)
        #expect(divided.count == most * most * 1024)
        for count in [most + 1, 1 << 31, 1 << 32, Int.max] {
            #expect(
                throws: TrainingError(
                    "--shard 0/\(count): a cache has at most 10000000 parts to share out")
            ) { try Share(parsing: "0/\(count)", source: "--shard") }
            #expect(throws: TrainingError.self) {
                try Share(environment: ["RANK": "0", "WORLD_SIZE": "\(count)"])
            }
            #expect(throws: TrainingError.self) {
                try Share(environment: [
                    "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "\(count)",
                    "SLURM_ARRAY_TASK_MIN": "1",
                ])
            }
        }
        #expect(throws: TrainingError.self) {
            try Share(parsing: "0/9223372036854775808", source: "--shard")
        }
    }

    @Test("every launcher's local rank chooses the GPU") func localRank() throws {
        #expect(try Share.localRank(environment: [:]) == nil)
        #expect(try Share.localRank(environment: ["SLURM_LOCALID": "2"]) == 2)
        #expect(
            try Share.localRank(environment: ["SLURM_LOCALID": "0", "LOCAL_RANK": "3"]) == 3)
        #expect(
            throws: TrainingError(
                "LOCAL_RANK is 'x' and chooses no GPU; unset it", .deviceUnknown)
        ) { try Share.localRank(environment: ["LOCAL_RANK": "x"]) }
    }
}
