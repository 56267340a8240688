import Foundation
import Loading
import ResponseCache
import Testing
import Views

@testable import Distillation
@testable import Recipes

@Suite("How often a teacher agrees with the labels") struct LabelAgreementTests {
    @Test(
        "a view of two labels agrees with either, and chance is that of the same answers dealt anew"
    )
    func counted() throws {
        let some = try #require(
            LabelAgreement(firstClasses: [0, 1, 2, 2], labels: [[0], [0, 1], [0], [1, 2]]))
        #expect(some.views == 4 && some.share == 0.75)
        // Answers are 0, 1, 2, 2: the views' labels are 1, 2, 1 and 3 of 4 of them.
        #expect(some.chance == (0.25 + 0.5 + 0.25 + 0.75) / 4)
        // Every answer is the same, and so is every label: right, and by chance.
        let same = try #require(LabelAgreement(firstClasses: [1, 1], labels: [[1], [1]]))
        #expect(same.share == 1 && same.chance == 1)
        #expect(!same.isNearChance)
        // A view without a label counts for nothing.
        #expect(LabelAgreement(firstClasses: [1, 2], labels: [[1], []])?.views == 1)
        #expect(LabelAgreement(firstClasses: [1], labels: [[]]) == nil)
    }

    @Test("a teacher whose classes are in another order is near chance, one in order is not")
    func order() throws {
        let classes = 10
        let labels = (0..<200).map { $0 % classes }
        func agreement(_ first: (Int) -> Int) throws -> LabelAgreement {
            try #require(
                LabelAgreement(firstClasses: labels.map(first), labels: labels.map { [$0] }))
        }
        #expect(try !agreement { $0 }.isNearChance)
        let shifted = try agreement { ($0 + 1) % classes }
        #expect(shifted.isNearChance)
        #expect(
            shifted.warning
                == "the teacher's first class is a label of 0.0 % of the views, 10.0 % by chance: are "
                + "its classes in the data's order?")
        // Two in ten in their place are more than chance deals.
        #expect(try !agreement { $0 < 2 ? $0 : ($0 + 1) % classes }.isNearChance)
        // Of a few views nothing is said.
        let few = try #require(LabelAgreement(firstClasses: [1, 0], labels: [[0], [1]]))
        #expect(few.share == 0 && !few.isNearChance && few.warning == nil)
    }

    @Test("what several builders counted adds up to what one would have") func added() throws {
        var sum = try #require(LabelAgreement(firstClasses: [0, 1], labels: [[0], [0]]))
        let other = try #require(
            LabelAgreement(firstClasses: [0, 1, 0, 1], labels: [[0], [1], [0], [1]]))
        sum.add(other)
        #expect(sum.views == 6 && sum.share == 5.0 / 6 && sum.chance == 0.5)
    }

    private let teacher = Recipe.Teacher(card: "card.yaml", weight: 1, precision: .fp32)

    private func loader(_ sets: DataSets, _ inputs: Inputs) throws -> ViewLoader {
        var inputs = inputs
        inputs.overrides += ["data.train=\(sets.path)/folder", "cache.groups_per_part=1"]
        return try ViewLoader(
            checksumming: inputs.recipe(), options: LoadingOptions(workers: 1))
    }

    private func build(
        _ directory: String, _ loader: ViewLoader, _ card: TeacherCard
    ) throws -> CacheBuild {
        try CacheBuild(
            directory: directory, loader: loader, teacher: .init(section: teacher, card: card),
            weightsDigest: "0ff1ce", source: Silent())
    }

    /// Is never asked.
    private struct Silent: ResponseSource {
        var sizes: [Int] { [] }

        func probabilities(for views: ViewGroup) throws -> [Float] {
            Issue.record("every part is there")
            return []
        }
    }

    @Test(
        "it is counted from the rows of a cache and the plan's labels, of views that have them all",
        arguments: [true, false], [true, false]
    )
    func cached(isMixed: Bool, hasUnlabeled: Bool) throws {
        let sets = try DataSets()
        var inputs = try Inputs()
        if !isMixed { inputs.overrides = ["view.mix=none"] }
        if hasUnlabeled { inputs.overrides.append("data.unlabeled=\(sets.path)/folder") }
        let loader = try loader(sets, inputs)
        for flip in [0, 1] {
            let build = try build("\(sets.path)/cache \(flip)", loader, inputs.card)
            let parts = build.reader.missingParts(epochs: 0..<3)
            let nothing = try LabelAgreement(
                in: build.reader, plan: loader.plan, dataset: loader.dataset, parts: parts)
            #expect(nothing == nil)
            for part in parts {
                let writer = try build.builder.begin(part)
                let rows = build.manifest.slots(of: part).flatMap { slot -> [Float] in
                    let image = loader.plan.imageIndex(epoch: part.epoch, slot: slot)
                    let isOne = ((loader.dataset.samples[image].label ?? 0) + flip) % 2 == 1
                    return isOne ? [0.25, 0.75] : [0.75, 0.25]
                }
                writer.append(rows, pixelChecksum: 1)
                try writer.publish()
            }
            let found = try #require(
                try LabelAgreement(
                    in: build.reader, plan: loader.plan, dataset: loader.dataset, parts: parts))
            #expect(isMixed && hasUnlabeled ? 1..<12 ~= found.views : found.views == 12)
            // In the other order a view is right only by its partner.
            #expect(flip == 0 ? found.share == 1 : isMixed || found.share == 0)
            #expect(isMixed ? found.chance > 0.5 : found.chance >= 0.5)
        }
    }

    @Test("a card that names its classes is held against the data's names") func names() throws {
        let sets = try DataSets()
        var inputs = try Inputs()
        let loader = try loader(sets, inputs)
        inputs.card.outputNames = ["a", "b"]
        _ = try build("\(sets.path)/right", loader, inputs.card)
        inputs.card.outputNames = ["b", "a"]
        let error = #expect(throws: TrainingError.self) {
            try build("\(sets.path)/wrong", loader, inputs.card)
        }
        #expect(
            error?.description
                == "teacher tiny calls class 0 'b', and \(sets.path)/folder calls it 'a': name the "
                + "data's classes in the teacher's order in classes.txt, or mend the card's")
        #expect(!FileManager.default.fileExists(atPath: "\(sets.path)/wrong"))
    }
}
