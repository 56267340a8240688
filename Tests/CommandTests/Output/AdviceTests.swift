import Glibc
import Testing
import Torch

@testable import Loading
@testable import ResponseCache
@testable import understudy

/// Libraries state what is wrong; here is what the command line says of it.
@Suite("advice") struct AdviceTests {
    private static let folder = "shards"

    private static let faults: [(fact: String, PackFault, line: String)] = [
        (
            "shards: holds something else (c0)", .placeTaken,
            "shards: holds something else (c0); choose another --out"
        ),
        (
            "shards: holds another pack (8 samples there, 10 here)",
            .otherPack(.samples(there: 8, here: 10), in: folder),
            "shards: holds another pack (8 samples there, 10 here); choose another --out"
        ),
        (
            "shards: holds another pack (samples_per_shard 5 there, 6 here)",
            .otherPack(.setting(.samplesPerShard, there: 5, here: 6), in: folder),
            "shards: holds another pack (--samples-per-shard 5 there, 6 here); choose another --out"
        ),
        (
            "shards: holds another pack (max_short_side none there, 20 here)",
            .otherPack(.setting(.maxShortSide, there: nil, here: 20), in: folder),
            "shards: holds another pack (--max-short-side none there, 20 here); choose another --out"
        ),
        (
            "shards: holds another pack (quality 90 there, 95 here)",
            .otherPack(.setting(.quality, there: 90, here: 95), in: folder),
            "shards: holds another pack (--quality 90 there, 95 here); choose another --out"
        ),
        (
            "shards: restore the shard", .imagesChanged,
            "shards: restore the shard, or choose another --out"
        ),
        (
            "shards: packing it is not finished", .unfinished,
            "shards: packing it is not finished; run the same understudy pack again"
        ),
        (
            "shards: restore them", .damagedShards,
            "shards: restore them, or run the same understudy pack again, which writes them anew"
        ),
        (
            "shards/classes.txt: restore it", .damagedClassNames,
            "shards/classes.txt: restore it, or run the same understudy pack again, which writes it "
                + "anew"
        ),
    ]

    @Test("a pack's faults name the options of understudy pack", arguments: faults)
    func packs(fact: String, fault: PackFault, line: String) {
        #expect(advisedLine(DatasetError(fact, cause: .pack(fault))) == line)
    }

    private static let cacheFaults: [(CacheError.Cause, advice: String)] = [
        (.noCache, "; `understudy cache build` makes one"),
        (.missingPart, "; `understudy cache build` with this recipe adds what is missing"),
        (.epochsBeyond, "; lower --epochs"),
        (
            .differingParts,
            "; run `understudy cache verify` on both and delete the one that is wrong"
        ),
        (.foreign(.probabilities), "; pass --probabilities"),
        (.foreign(.percentages), "; divide them by 100 and pass --probabilities"),
        (.foreign(.perhapsLogits), "; if these are logits, pass --logits"),
        (.damaged, ""), (.system(ENOSPC), ""), (.other, ""),
    ]

    @Test("a cache's faults name the command or the option", arguments: cacheFaults)
    func caches(cause: CacheError.Cause, advice: String) {
        #expect(
            advisedLine(CacheError("responses: bad", cause: cause)) == "responses: bad\(advice)")
    }

    @Test("fields that differ keep their lines") func details() {
        let error = CacheError("c: differs:", details: ["a: 1", "b: 2"], cause: .otherInputs)
        #expect(advisedLine(error) == "c: differs:\n  a: 1\n  b: 2")
    }

    @Test("what no option can mend stays as it is") func facts() {
        #expect(advisedLine(DatasetError("train: no class folders")) == "train: no class folders")
        #expect(advisedLine(TorchError(operation: "conv2d", message: "no")) == "conv2d: no")
        #expect(advisedLine(CommandError("one\ntwo")) == "one\ntwo")
    }

    @Test("want of memory names what takes less") func memory() {
        let error = TorchError(operation: "empty", message: "no memory", code: ENOMEM)
        #expect(
            advisedLine(error).hasPrefix(
                "empty: no memory; take less at a time (batch.group, validation.batch, view.size of "
                    + "a recipe; --batch, --group, --prefetch), or give the program more memory"))
    }
}
