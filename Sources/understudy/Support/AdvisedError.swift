import Base
import Loading
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
