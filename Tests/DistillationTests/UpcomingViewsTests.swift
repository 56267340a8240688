import Foundation
import Imaging
import Loading
import Testing

@testable import Distillation
@testable import Recipes

@Suite("Views looked at before their turn") struct UpcomingViewsTests {
    private static let sizes = [16, 24]
    /// Bytes of a group of two views.
    private static let own = 2 * 16 * 16 * 3
    private static let whole = own + 2 * 24 * 24 * 3

    /// A loader over 32 images, of views of 16 x 16.
    private func loader(_ scratch: Scratch, budget: Int) throws -> ViewLoader {
        for label in 0..<2 {
            for index in 0..<16 {
                let pixels = (0..<20 * 18 * 3).map {
                    UInt8(truncatingIfNeeded: $0 * (label + 2) / 3 &+ index * 11)
                }
                let url = URL(
                    fileURLWithPath: "\(scratch.path)/train/\(label)/\(index).png")
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(ImageEncoder.png(Image(width: 20, height: 18, pixels: pixels)))
                    .write(to: url)
            }
        }
        let recipe = try Recipe(
            parsing: Inputs.recipe, path: "\(scratch.path)/recipe.yaml",
            overrides: [
                "view.size=16", "data.train=\(scratch.path)/train",
                "data.val=\(scratch.path)/train",
            ])
        return try ViewLoader(recipe: recipe, options: LoadingOptions(workers: 2, budget: budget))
    }

    private func pixels(_ views: ViewGroup) -> [UInt8] {
        views.pixels(size: 16).withBytes(Array.init)
    }

    /// Goes through an epoch of 16 groups as a training does whose parts have `part` groups and
    /// whose steps have two, and checks that every view is what it is without a teacher.
    private func epoch(
        _ loader: ViewLoader, part: Int, from first: Int = 0, teachers: Int = 1
    ) throws {
        let groups = (first..<16).map { (epoch: 0, group: $0) }
        let views = UpcomingViews(groups, sizes: Self.sizes, by: loader)
        let expected = try plain(loader).map(pixels)
        var published: Set<Int> = []
        for step in stride(from: first, to: 16, by: 2) {
            for number in Set([step / part, (step + 1) / part]).sorted()
            where !published.contains(number) {
                published.insert(number)
                let range = number * part..<min((number + 1) * part, 16)
                for _ in 0..<teachers where views.offers(range, sizes: Self.sizes) {
                    for group in range {
                        let seen = try #require(try views.peek(group: group))
                        #expect(seen.group == group)
                        #expect(seen.sizes == Self.sizes)
                    }
                }
            }
            for group in step..<step + 2 {
                let next = try #require(try views.next())
                #expect(next.group == group)
                #expect(pixels(next) == expected[group])
            }
        }
        #expect(try views.next() == nil)
    }

    private func plain(_ loader: ViewLoader) throws -> [ViewGroup] {
        let other = try ViewLoader(
            recipe: loader.recipe, options: LoadingOptions(workers: 1))
        let pipeline = other.prefetch((0..<16).map { (epoch: 0, group: $0) }, sizes: [16])
        var groups: [ViewGroup] = []
        while let next = try pipeline.next() { groups.append(next) }
        return groups
    }

    @Test(
        "every view comes in its turn, the same pixels, within the budget",
        arguments: [
            // Room for all, for some, for two of a part, and for none at all.
            100 * whole, 3 * whole, 2 * whole + 2 * own, whole, 1,
        ], [1, 3, 5, 16])
    func budget(bytes: Int, part: Int) throws {
        let scratch = try Scratch()
        let loader = try loader(scratch, budget: bytes)
        try epoch(loader, part: part)
        // A batch of each of two pipelines, and one in the consumer's hands, are beyond it.
        #expect(loader.pool.peak <= max(bytes, Self.whole) + 2 * Self.whole + Self.own)
        #expect(loader.pool.used == 0)
    }

    @Test("a part that begins before the first view, and a second teacher, are not offered")
    func offers() throws {
        let scratch = try Scratch()
        let loader = try loader(scratch, budget: 3 * Self.whole)
        let views = UpcomingViews(
            (4..<16).map { (epoch: 0, group: $0) }, sizes: Self.sizes, by: loader)
        #expect(!views.offers(3..<6, sizes: Self.sizes))
        #expect(!views.offers(12..<17, sizes: Self.sizes))
        #expect(!views.offers(4..<6, sizes: [16, 20]))
        #expect(views.offers(4..<6, sizes: Self.sizes))
        #expect(try views.peek(group: 4)?.sizes == Self.sizes)
        // Held, but at the student's size alone.
        #expect(views.offers(4..<6, sizes: [16]))
        #expect(!views.offers(4..<6, sizes: Self.sizes))
        #expect(try views.peek(group: 4)?.sizes == [16])
        for group in 5..<16 { _ = try views.peek(group: group) }
        // Let go, some of them.
        #expect(!views.offers(4..<16, sizes: [16]))
        try epoch(loader, part: 5, from: 2, teachers: 2)
    }
}
