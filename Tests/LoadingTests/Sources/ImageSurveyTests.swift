import Base
import Foundation
import Imaging
import Testing

@testable import Loading

@Suite("A look at all images, and their lists") struct ImageSurveyTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try scratch.writeImages("in", classes: 3, perClass: 40)
    }

    @Test(
        "tells every size from a header and every file that cannot be decoded", arguments: [1, 3])
    func survey(workers: Int) throws {
        try scratch.write("in/class0/00.jpg", [])
        let whole = try ImageEncoder.jpeg(Scratch.image(label: 1, index: 0), quality: 90)
        try scratch.write("in/class1/5.jpg", Array(whole.dropLast(whole.count / 3)))
        try scratch.write("in/class2/7.jpg", Array("hello".utf8))
        let data = try ImageDataset("\(scratch.path)/in")
        var last = 0
        let survey = try data.survey(workers: workers) { last = $0 }
        #expect(last == 121 && survey.findings.count == 121)
        #expect(
            survey.faults.map { $0.replacing("\(scratch.path)/in/", with: "") } == [
                "class0/00.jpg: the file is empty",
                "class1/5.jpg: JPEG: Premature end of input file",
                "class2/7.jpg: neither JPEG nor PNG: the file starts with 68 65 6C 6C",
            ])
        for image in survey.readable {
            let bounds = try data.bounds(of: image)
            #expect(
                survey.findings[image] == .size(width: bounds.width, height: bounds.height))
        }
        #expect(survey.readable.count == 118)
        #expect(survey.shortSides == survey.shortSides.sorted() && survey.shortSides.count == 118)
    }

    @Test("parts images by their paths: an image added later moves none of the others")
    func parted() throws {
        let data = try ImageDataset("\(scratch.path)/in")
        func paths(_ data: ImageDataset, _ share: Double) -> (train: Set<String>, val: Set<String>)
        {
            let parts = data.parted(Array(data.samples.indices), share: share)
            return (
                Set(parts.train.map { data.samples[$0].path }),
                Set(parts.val.map { data.samples[$0].path })
            )
        }
        let first = paths(data, 0.25)
        #expect(
            first.train.isDisjoint(with: first.val) && first.train.count + first.val.count == 120)
        // Of 120 images, each with probability 1/4: 30 ± 4.7.
        #expect((16...44).contains(first.val.count))
        try scratch.writeImages("in", classes: 3, perClass: 60)
        let later = paths(try ImageDataset("\(scratch.path)/in"), 0.25)
        #expect(first.train.isSubset(of: later.train) && first.val.isSubset(of: later.val))
        for label in 0..<3 {
            for part in [paths(data, 0.0001), paths(data, 0.9999)] {
                for side in [part.train, part.val] {
                    #expect(side.contains { $0.hasPrefix("class\(label)/") })
                }
            }
        }
    }

    @Test(
        "lists read back as the images that they name, with labels and classes, wherever they lie")
    func lists() throws {
        for name in ["in/3/a b.jpg", "in/10/#1.jpg", "in/class 9/x.jpg"] {
            try scratch.write(
                name, ImageEncoder.jpeg(Scratch.image(label: 1, index: 4), quality: 90))
        }
        let data = try ImageDataset("\(scratch.path)/in")
        let images = Array(stride(from: 0, to: data.samples.count, by: 2)) + [1]
        let folder = "\(scratch.path)/deep/er"
        try FileManager.default.createDirectory(
            atPath: "\(scratch.path)/deep", withIntermediateDirectories: true)
        let text = try data.list(of: images, for: folder)
        try scratch.write("deep/er/part.txt", text)
        try scratch.write("deep/er/classes.txt", data.classNames())
        let part = try ImageDataset("\(folder)/part.txt")
        #expect(part.classes == data.classes)
        #expect(part.samples.map(\.label) == images.map { data.samples[$0].label })
        #expect(part.samples.map(\.bytes) == images.map { data.samples[$0].bytes })
        for (index, image) in images.enumerated() {
            #expect(try part.image(index) == data.image(image))
        }
        #expect(part.samples.allSatisfy { $0.path.hasPrefix("../../in/") })
        // A list of a list.
        let again = try part.list(of: [0, 1], for: "\(scratch.path)/deep/other")
        try scratch.write("deep/other/part.txt", again)
        try scratch.write("deep/other/classes.txt", part.classNames())
        let second = try ImageDataset("\(scratch.path)/deep/other/part.txt")
        #expect(try second.image(1) == data.image(images[1]))
    }
}
