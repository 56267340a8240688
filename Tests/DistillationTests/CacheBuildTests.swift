import Base
import Foundation
import Loading
import ResponseCache
import Testing
import Views

@testable import Distillation
@testable import Recipes

@Suite("Building parts of a cache") struct CacheBuildTests {
    /// Answers evenly, and says when it is asked.
    private final class Even: ResponseSource {
        var sizes: [Int] { [] }
        private(set) var asked = 0

        func probabilities(for views: ViewGroup) throws -> [Float] {
            asked += 1
            return [Float](repeating: 0.5, count: views.labels.count * 2)
        }
    }

    @Test("a part that another builder has published meanwhile is neither rendered nor computed")
    func published() throws {
        let sets = try DataSets()
        var inputs = try Inputs()
        inputs.overrides = ["data.train=\(sets.path)/folder", "cache.groups_per_part=1"]
        let loader = try ViewLoader(
            checksumming: inputs.recipe(), options: LoadingOptions(workers: 1))
        let directory = "\(sets.path)/cache"
        let source = Even()
        let section = Recipe.Teacher(card: "card.yaml", weight: 1, precision: .fp32)
        let build = try CacheBuild(
            directory: directory, loader: loader,
            teacher: .init(section: section, card: inputs.card), weightsDigest: "0ff1ce",
            source: source)
        let other = try CacheBuilder(directory: directory, manifest: build.manifest)
        for part in other.missingParts(epochs: 0..<build.manifest.epochs) {
            let writer = try other.begin(part)
            writer.append([0.5, 0.5, 0.25, 0.75], pixelChecksum: 1)
            try writer.publish()
        }
        let wasBuilt = try build.build(
            PartID(epoch: 0, index: 0),
            views: { () -> ViewGroup? in
                Issue.record("the views are wanted")
                return nil
            }, report: { _ in })
        #expect(!wasBuilt && source.asked == 0)
        // The files of this data set are no images: to render one is an error.
        let summary = try build.run(progress: SilentProgress())
        #expect(summary.built == 0 && summary.skipped == 6)
    }
}

private struct SilentProgress: ProgressReporter {
    func begin(_ label: String, total: Int, unit: String) {}
    func advance(to done: Int, note: String) {}
    func end() {}
    func line(_ text: String) {}
}
