import Foundation
import Learning
import Testing

@testable import Recipes
@testable import Views

@Suite("Extends and overrides") struct OverlayTests {
    @Test("a child lays its keys over its parent's, mapping by mapping")
    func extends() throws {
        let child = """
            extends: ../base/sample.yaml
            name: child
            data: {val: v}
            optimizer: {name: sgd, momentum: 0.9, betas: none, eps: none}
            ema: none
            """
        try withFiles(["base/sample.yaml": sample, "mine/child.yaml": child]) { folder in
            let recipe = try Recipe(contentsOf: "\(folder)/mine/child.yaml")
            #expect(recipe.name == "child")
            #expect(recipe.data.train == "\(folder)/base/data/train")
            #expect(recipe.data.val == "\(folder)/mine/v")
            #expect(recipe.teachers.map(\.card) == ["\(folder)/teachers/t.yaml"])
            #expect(recipe.optimizer.rule as? SGD == SGD(momentum: 0.9, nesterov: false))
            #expect(recipe.optimizer.lr == 5e-3)
            #expect(recipe.ema == nil)
        }
    }

    @Test("an error keeps the place of the text that it is about")
    func placeInParent() throws {
        let files = [
            "base.yaml": sample.replacingOccurrences(of: "flip: 0.5", with: "flip: 2"),
            "child.yaml": "extends: base.yaml\nview: {size: 32}",
            "typo.yaml": "extends: base.yaml\nview:\n  flip: 0.1\n  sise: 32",
        ]
        try withFiles(files) { folder in
            #expect(
                message { try Recipe(contentsOf: "\(folder)/child.yaml") }
                    == "\(folder)/base.yaml:8:9: view.flip: expected a number from 0 to 1, "
                    + "found '2'")
            #expect(
                message { try Recipe(contentsOf: "\(folder)/typo.yaml") }
                    .hasPrefix("\(folder)/typo.yaml:4:3: unknown key 'sise' in view; known: "))
        }
    }

    @Test("a circle, a missing parent and a parent that is no file name are errors")
    func badParents() throws {
        let files = [
            "a.yaml": "name: a\nextends: b.yaml", "b.yaml": "extends: ./a.yaml",
            "lost.yaml": "extends: nowhere.yaml", "list.yaml": "extends: [a.yaml]",
        ]
        try withFiles(files) { folder in
            func message(_ name: String) -> String {
                RecipesTests.message { try Recipe(contentsOf: "\(folder)/\(name)") }
                    .replacingOccurrences(of: "\(folder)/", with: "")
            }
            #expect(
                message("a.yaml")
                    == "b.yaml:1:10: extends goes in a circle: a.yaml -> b.yaml -> a.yaml")
            #expect(
                message("lost.yaml") == "lost.yaml:1:10: extends: nowhere.yaml: no such file")
            #expect(
                message("list.yaml")
                    == "list.yaml:1:10: extends: expected one file, found a list of 1")
        }
    }

    @Test("a file that cannot be a recipe is an error with its path")
    func badFiles() throws {
        try withFiles(["a.yaml": "x"]) { folder in
            try Foundation.Data([0x61, 0xFF, 0x62]).write(
                to: URL(fileURLWithPath: "\(folder)/latin.yaml"))
            try Foundation.Data(count: 1 << 21).write(
                to: URL(fileURLWithPath: "\(folder)/big.yaml"))
            #expect(
                message { try Recipe(contentsOf: "\(folder)/b.yaml") }
                    == "\(folder)/b.yaml: no such file")
            #expect(
                message { try Recipe(contentsOf: folder) }
                    == "\(folder): is a folder, expected a YAML file")
            #expect(
                message { try Recipe(contentsOf: "\(folder)/latin.yaml") }
                    == "\(folder)/latin.yaml: is not UTF-8 text")
            #expect(
                message { try Recipe(contentsOf: "\(folder)/big.yaml") }
                    == "\(folder)/big.yaml: has more than 1 MiB, which no recipe needs")
        }
        #expect(
            message { try Recipe(contentsOf: "/dev/zero") }
                == "/dev/zero: has more than 1 MiB, which no recipe needs")
    }

    @Test("text of other systems is read alike: a byte order mark, CR LF and CR line ends")
    func otherSystems() throws {
        let expected = try read()
        let windows = sample.replacing("\n", with: "\r\n")
        try withFiles([
            "marked.yaml": "\u{FEFF}" + sample, "windows.yaml": "\u{FEFF}" + windows,
            "old.yaml": sample.replacing("\n", with: "\r"),
            "child.yaml": "\u{FEFF}extends: windows.yaml\r\nseed: 7\r\n",
        ]) { folder in
            for name in ["marked.yaml", "windows.yaml", "old.yaml"] {
                let recipe = try Recipe(contentsOf: "\(folder)/\(name)")
                #expect(recipe.view == expected.view, "\(name)")
                #expect(recipe.optimizer == expected.optimizer, "\(name)")
            }
            #expect(try Recipe(contentsOf: "\(folder)/child.yaml").seed == 7)
        }
        #expect(try read(overrides: ["seed=\u{FEFF}7\r"]).seed == 7)
        #expect(try read(overrides: ["\u{FEFF}seed=7\r\n"]).seed == 7)
    }

    @Test("text in UTF-16 is refused by name", arguments: [[0xFF, 0xFE], [0xFE, 0xFF], []])
    func utf16(mark: [UInt8]) throws {
        let folder = FileManager.default.temporaryDirectory
        let file = folder.appendingPathComponent("utf16-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        let units = sample.utf16.flatMap { unit -> [UInt8] in
            let (low, high) = (UInt8(unit & 0xFF), UInt8(unit >> 8))
            return mark.first == 0xFE ? [high, low] : [low, high]
        }
        try Foundation.Data(mark + units).write(to: file)
        #expect(
            message { try Recipe(contentsOf: file.path) }
                == "\(file.path): is UTF-16 text, or none at all: save it as UTF-8")
    }

    @Test("links that lead around end in an error")
    func endlessChain() throws {
        try withFiles(["a.yaml": "extends: again/a.yaml"]) { folder in
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/again", withDestinationPath: ".")
            #expect(
                message { try Recipe(contentsOf: "\(folder)/a.yaml") }
                    .hasSuffix("again/a.yaml:1:10: extends: more than 16 files in a row"))
        }
    }

    @Test("overrides are YAML values, laid over in order, with paths from the working directory")
    func overrides() throws {
        let recipe = try read(overrides: [
            "optimizer.lr=1e-3", "batch={size: 8, group: 8, repeats: 1}", "batch.group=4",
            "view.crop.scale=[0.5, 1]", "data.train=x/../y", "name=a=b".replacing("=b", with: ""),
        ])
        #expect(recipe.optimizer.lr == 1e-3)
        #expect(recipe.batch == .init(size: 8, group: 4, repeats: 1))
        #expect(recipe.view.crop.scale == 0.5...1)
        #expect(recipe.data.train == FileManager.default.currentDirectoryPath + "/y")
        #expect(recipe.name == "a")
    }

    @Test(
        "an error in an override names it as it was given",
        arguments: [
            (
                "optimizer.lrr=1",
                "unknown key 'lrr' in optimizer; known: betas, eps, head_lr, lr, max_grad_norm, "
                    + "momentum, name, nesterov, weight_decay"
            ),
            ("view.flip=2", "view.flip: expected a number from 0 to 1, found '2'"),
            (
                "seed.x=1",
                "seed: expected a whole number from 0 to 18446744073709551615, "
                    + "found a mapping"
            ),
            ("seed", "expected key.key=value"),
            ("=1", "expected key.key=value"),
            ("view..flip=1", "expected key.key=value"),
            ("view.flip=", "has no value; write none to switch a section off"),
            ("view.crop.scale=[1", "not valid YAML: did not find expected ',' or ']'"),
            ("extends=a.yaml", "extends belongs in a file"),
        ])
    func badOverride(override: String, expected: String) {
        #expect(message { try read(overrides: [override]) } == "--set \(override): \(expected)")
    }

    @Test("a key that a file lacks is missing from the file, whatever was overridden")
    func missingBesideOverride() {
        #expect(
            message {
                try Recipe(
                    parsing: sample.replacingOccurrences(of: "val: /srv/val, ", with: ""),
                    path: "a.yaml", overrides: ["data.classes=9"])
            }.hasPrefix("a.yaml:3:7: missing key 'val' in data"))
    }
}
