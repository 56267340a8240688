import Base
import Distillation
import Loading
import ResponseCache
import Torch

/// An error of a library, which states a fact, and about which options of this program can do
/// something.
///
/// A library makes it a case, or a property, by which its fact can be told from others; what to do
/// stands here, in one place. A command that knows better than its errors throws a `CommandError`.
protocol AdvisedError: Error {
    /// The error's line and, where there is any, the advice.
    var advisedLine: String { get }
}

/// The line that the command line prints of an error.
func advisedLine(_ error: any Error) -> String {
    (error as? any AdvisedError)?.advisedLine.printableLines ?? errorText(error)
}

extension TorchError: AdvisedError {
    var advisedLine: String {
        if needsEntry { return "\(description): pass --entry KEY" }
        if isIndeterminate { return "\(description); leave out --deterministic" }
        guard isOutOfMemory else { return description }
        let limits = MappingLimit.ofProcess().map { "; \($0)" }.joined()
        return
            "\(description); take less at a time (batch.group, validation.batch, view.size of a "
            + "recipe; --batch, --group, --prefetch), or give the program more memory\(limits)"
    }
}

extension DatasetError: AdvisedError {
    var advisedLine: String {
        guard case .pack(let fault) = cause else { return description }
        return switch fault {
        case .otherPack(.setting(let setting, let there, let here), let folder):
            "\(folder): holds another pack ("
                + PackDifference.text(setting.option, there: there, here: here)
                + "); choose another --out"
        case .otherPack, .placeTaken: "\(description); choose another --out"
        case .imagesChanged: "\(description), or choose another --out"
        case .unfinished: "\(description); run the same understudy pack again"
        case .damagedShards:
            "\(description), or run the same understudy pack again, which writes them anew"
        case .damagedClassNames:
            "\(description), or run the same understudy pack again, which writes it anew"
        }
    }
}

extension CacheError: AdvisedError {
    var advisedLine: String {
        switch cause {
        case .noCache: "\(description); `understudy cache build` makes one"
        case .missingPart:
            "\(description); `understudy cache build` with this recipe adds what is missing"
        case .epochsBeyond: "\(description); lower --epochs"
        case .differingParts:
            "\(description); run `understudy cache verify` on both and delete the one that is wrong"
        case .foreign(.probabilities): "\(description); pass --probabilities"
        case .foreign(.percentages):
            "\(description); divide them by 100 and pass --probabilities"
        case .foreign(.perhapsLogits): "\(description); if these are logits, pass --logits"
        case .otherInputs, .damaged, .system, .other: description
        }
    }
}

extension ExportError: AdvisedError {
    var advisedLine: String {
        switch kind {
        case .noCounterpart: "\(description); choose another --to"
        case .placeTaken: "\(description); choose another --out, or remove it"
        case .imagesMissing: "\(description); pass --data DATA"
        case .other: description
        }
    }
}

extension PackDifference.Setting {
    /// The option of `understudy pack` that sets it.
    fileprivate var option: String {
        switch self {
        case .samplesPerShard: "--samples-per-shard"
        case .maxShortSide: "--max-short-side"
        case .quality: "--quality"
        }
    }
}

extension TrainingError: AdvisedError {
    var advisedLine: String { description + advice }

    private var advice: String {
        switch kind {
        case nil: ""
        case .runUnnamed: "; choose --out"
        case .runExists: "; pass --resume to go on with it, or choose another --out"
        case .runBusy: " or choose another --out"
        case .runIsNoFolder: "; choose another --out"
        case .runIsForeign: "; choose a new or an empty folder for --out"
        case .runUnfit: ", or choose another --out"
        case .runOfOtherWeights: ", leave out --init, or choose another --out"
        case .weightsUnnamed: " (--init)"
        case .snapshotsLost: " (export --which last)"
        case .cacheUnneeded: ": leave out --build-cache and --wait"
        case .cachesUnnamed(1): ": pass --cache DIR, made by understudy cache build"
        case .cachesUnnamed:
            ": pass --cache DIR for each, made by understudy cache build --teacher NAME"
        case .cacheUnnamed(let teacher):
            ": pass --cache DIR for it, too, made by understudy cache build --teacher \(teacher)"
        case .partsMissing(let teacher): "; build them with \(Self.building(teacher))"
        case .epochsMissing(let teacher): "; build the others with \(Self.building(teacher))"
        case .epochsBeyondCache: "; lower --epochs or raise cache.epochs"
        case .teacherUnnamed(let names):
            ": pass --teacher NAME, one of \(names.joined(separator: ", "))"
        case .teacherIsFile: "; `understudy cache import` brings them into a cache"
        case .teacherIsNetwork: "; `understudy cache build` runs it"
        case .shareUnknown(.none): "; pass --shard i/n"
        case .shareUnknown(.variables): ", or pass --shard i/n"
        case .shareUnknown(.numbers): ", or pass --shard i/n (0/1 for all parts)"
        case .deviceUnknown: ", or pass --device cuda:N"
        }
    }

    private static func building(_ teacher: String?) -> String {
        "understudy cache build" + (teacher.map { " --teacher \($0)" } ?? "")
            + ", or pass --build-cache to compute them in passing, or --wait to follow a build that "
            + "is running"
    }
}

/// A command that cannot do what it was asked: one line.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description.printableLines }
}
