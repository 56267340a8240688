import Foundation
import Imaging
import Recipes
import Testing

@testable import Loading

@Suite("Memory of rendered batches") struct BufferPoolTests {
    @Test("a buffer is used again, and another size takes the room of what is kept")
    func shrinks() throws {
        let pool = BufferPool(budget: 1000, pinned: false)
        var first: PixelBatch? = try PixelBatch(count: 1, size: 10, from: pool)
        let place = first?.withBytes { $0.baseAddress }
        #expect(pool.used == 300)
        first = nil
        #expect(pool.used == 0)
        var again: PixelBatch? = try PixelBatch(count: 1, size: 10, from: pool)
        #expect(again?.withBytes { $0.baseAddress } == place)
        again = nil
        // 300 are kept, so 768 have room only without them.
        var other: PixelBatch? = try PixelBatch(count: 1, size: 16, from: pool)
        #expect(pool.peak == 768)
        // What was given back while there was no room for it is not kept, either.
        var third: PixelBatch? = try PixelBatch(count: 1, size: 10, from: pool)
        #expect(pool.used == 1068 && pool.peak == 1068)
        third = nil
        #expect(pool.used == 768 && pool.peak == 1068)
        other = nil
        #expect(pool.used == 0)
        withExtendedLifetime((first, again, other, third)) {}
    }

    @Test("what cannot be had is an error, and no room is lost by it") func noMemory() throws {
        let pool = BufferPool(budget: 1000, pinned: false)
        #expect(throws: (any Error).self) { try pool.take(1 << 60) }
        #expect(pool.used == 0)
    }

    @Test("views and evaluation share one budget") func shared() throws {
        let scratch = try Scratch()
        try scratch.writeImages("train", classes: 3, perClass: 8)
        let recipe = try scratch.write("recipe.yaml", Array(TestRecipe.yaml.utf8))
        // Three groups of 6 views of 32 x 32.
        let group = 6 * 32 * 32 * 3
        let options = LoadingOptions(workers: 2, budget: 3 * group)
        let loader = try ViewLoader(recipe: Recipe(contentsOf: recipe), options: options)
        let evaluation = EvaluationLoader(
            loader.dataset, transform: .init(size: 32, resize: 36, interpolation: .bilinear),
            batch: 6, options: options)
        let groups = (0..<4).map { (epoch: 0, group: $0) }
        for _ in 0..<3 {
            let views = loader.prefetch(groups, sizes: [32])
            let first = try #require(try views.next())
            let batches = evaluation.batches()
            var count = 0
            while try batches.next() != nil { count += 1 }
            #expect(count == 4)
            while try views.next() != nil { count += 1 }
            #expect(count == 7)
            withExtendedLifetime(first) {}
        }
        // Each of the two pipelines may always have one batch, and the consumer has one in hand.
        #expect(loader.pool.peak <= options.budget + 2 * group)
        #expect(loader.pool.peak >= 3 * group)
        #expect(loader.pool === options.pool)
    }

    @Test("any number of validation images at a time is a batch") func largeBatch() throws {
        let scratch = try Scratch()
        try scratch.writeImages("val", classes: 3, perClass: 2)
        let evaluation = EvaluationLoader(
            try ImageDataset("\(scratch.path)/val"),
            transform: .init(size: 8, resize: 9, interpolation: .bilinear), batch: .max,
            options: LoadingOptions(workers: 1))
        let batches = evaluation.batches()
        #expect(try batches.next()?.labels == [0, 0, 1, 1, 2, 2])
        #expect(try batches.next() == nil)
    }
}
