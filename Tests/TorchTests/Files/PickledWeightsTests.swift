import Foundation
import Testing

@testable import Torch

/// Against Tests/Fixtures/torch/make_pickles.py: torch 2.11.0.
@Suite("Weights of torch.save") struct PickledWeightsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: Fixture.path("pickles/\(name)"))))
    }

    private func open(_ name: String, entry: String? = nil) throws -> any WeightsArchive {
        try WeightsArchives.open(Fixture.path("pickles/\(name)"), entry: entry)
    }

    /// What opening a fixture, or reading all of it, says after the path.
    private func problem(_ name: String, entry: String? = nil) -> String {
        errorText { try open(name, entry: entry).verify() }
            .replacingOccurrences(of: "weights: \(Fixture.path("pickles/\(name)")): ", with: "")
    }

    /// The same of bytes.
    private func problem(_ bytes: [UInt8]) throws -> String {
        let path = try folder.file("w.pth", bytes)
        return errorText { try WeightsArchives.open(path).verify() }
            .replacingOccurrences(of: "weights: \(path): ", with: "")
    }

    /// A row of expected.json: dtype, shape, values.
    private struct Row: Decodable {
        let dtype: String
        let shape: [Int]
        let values: [Double]

        init(from decoder: any Decoder) throws {
            var row = try decoder.unkeyedContainer()
            dtype = try row.decode(String.self)
            shape = try row.decode([Int].self)
            values = try row.decode([Double].self)
        }
    }

    // MARK: Sound files

    @Test(
        "every type and every view gives PyTorch's numbers, of either format",
        arguments: [("sound.pth", WeightsFormat.pytorch), ("sound-legacy.pth", .legacyPytorch)])
    func sound(_ name: String, _ format: WeightsFormat) throws {
        let expected = try JSONDecoder().decode(
            [String: Row].self,
            from: Data(contentsOf: URL(fileURLWithPath: Fixture.path("pickles/expected.json"))))
        let file = try open(name)
        #expect(file.format == format)
        #expect(Set(file.names) == Set(expected.keys) && file.names.first == "weight")
        for (name, row) in expected {
            let info = try #require(file.info(name))
            #expect(info.dtype.rawValue == row.dtype && info.shape == row.shape, "\(name)")
            let tensor = try file.tensor(name)
            #expect(tensor.shape == row.shape && tensor.dtype == info.dtype, "\(name)")
            let found =
                tensor.dtype == .int64
                ? try tensor.int64s().map(Double.init) : try tensor.floats().map(Double.init)
            #expect(found == row.values.map { Double(Float($0)) }, "\(name)")
        }
        #expect(file.info("short") == nil && !file.names.contains("short"))
        #expect(file.obstacle("short") == "of torch.IntStorage, whose numbers are not read")
        #expect(
            file.notes == [
                "left aside, as no tensors: 'short' (of torch.IntStorage, whose numbers are not read)"
            ])
    }

    @Test(
        "what a training wrote beside its weights is left aside, with a line that says so",
        arguments: ["checkpoint.pth", "checkpoint-legacy.pth"])
    func checkpoint(_ name: String) throws {
        let file = try open(name)
        #expect(file.names == ["weight", "bias"])
        // A step of 0.1 by gradients of 1.
        #expect(try file.tensor("bias").floats() == [6.9, 7.9])
        #expect(
            file.notes == [
                "the weights are its entry 'model'; left aside: 'model_ema', "
                    + "'args' (argparse.Namespace), 'digest', 'epoch', 'optimizer' and 1 more"
            ])
        let average = try open(name, entry: "model_ema")
        #expect(try average.tensor("bias").floats() == [13.8, 15.8])
        #expect(average.notes[0].hasPrefix("the weights are its entry 'model_ema'; left aside: "))
        #expect(
            problem(name, entry: "ema")
                == "has no entry 'ema'; it has 'args', 'digest', 'epoch', 'model', 'model_ema' and 2 "
                + "more")
        #expect(
            problem(name, entry: "args").hasPrefix("its entry 'args' is made by argparse.Names"))
        #expect(problem(name, entry: "epoch") == "its entry 'epoch' holds no named tensors")
    }

    @Test("wrappers in wrappers are seen through; an average is taken only by name") func wrappers()
        throws
    {
        let nested = try open("nested.pth")
        #expect(nested.notes == ["the weights are its entry 'model.module'; left aside: 'epoch'"])
        #expect(try nested.tensor("weight").shape == [2, 3])
        #expect(
            problem("averages.pth")
                == "holds tensors under 'state_dict_ema'; name the entry that is meant")
        #expect(try open("averages.pth", entry: "state_dict_ema").names == ["weight", "bias"])
    }

    @Test(
        "later protocols, attributes and archives without checksums are read",
        arguments: ["protocol-4.pth", "protocol-5.pth", "attributes.pth", "unchecked.pth"])
    func others(_ name: String) throws {
        #expect(try open(name).tensor("weight").floats() == [1, 2])
    }

    @Test("what is taken is said by all of its keys, whatever stands in them") func keys() throws {
        // {"a;b": {"module": {"w": tensor}}, "c;d": None}
        var pickle = Pickle()
        pickle.add("}")
        pickle.text("a;b")
        pickle.add("}")
        pickle.text("module")
        pickle.add("}")
        pickle.text("w")
        pickle.tensor(count: 1, shape: [1], strides: [1])
        pickle.add("sss")
        pickle.text("c;d")
        pickle.add("Ns.")
        let archive = Archive(pickle: pickle.bytes, storages: ["0": [0, 0, 128, 63]])
        let file = try WeightsArchives.open(folder.file("w.pth", archive.bytes), entry: "a;b")
        #expect(
            file.notes == ["the weights are its entry 'a;b.module'; left aside: 'c;d'"])
    }

    @Test("a wrapper's key that leads to no tensors is none") func otherKeys() throws {
        // {"model": {"name": "resnet18"}, "net": {"w": tensor}}
        var pickle = Pickle()
        pickle.add("}")
        pickle.text("model")
        pickle.add("}")
        pickle.text("name")
        pickle.text("resnet18")
        pickle.add("ss")
        pickle.text("net")
        pickle.add("}")
        pickle.text("w")
        pickle.tensor(count: 1, shape: [1], strides: [1])
        pickle.add("ss.")
        let archive = Archive(pickle: pickle.bytes, storages: ["0": [0, 0, 128, 63]])
        let file = try WeightsArchives.open(folder.file("w.pth", archive.bytes))
        #expect(file.notes == ["the weights are its entry 'net'; left aside: 'model'"])
        #expect(try file.tensor("w").floats() == [1])
    }

    // MARK: What is never run

    @Test("a call of os.system is inert, and refused by its name", arguments: ["", "-legacy"])
    func system(_ ending: String) throws {
        let reason =
            "is made by posix.system, which is never run; whoever trusts it loads it in Python and "
            + "saves its state_dict()"
        #expect(problem("system\(ending).pth") == reason)
        let inside = try open("system-inside\(ending).pth")
        #expect(inside.names == ["bias"])
        #expect(try inside.tensor("bias").floats() == [1])
        #expect(inside.obstacle("weight") == "made by posix.system, which is never run")
        #expect(
            errorText { _ = try inside.tensor("weight") }.hasSuffix("no tensor 'weight'"))
        #expect(
            problem("network\(ending).pth")
                == "its entry 'model' is made by torch.nn.modules.linear.Linear, which is never run; "
                + "whoever trusts it loads it in Python and saves its state_dict()")
        #expect(!FileManager.default.fileExists(atPath: "understudy-was-here"))
        #expect(problem("tensor.pth") == "is one tensor, and no network's weights")
    }

    // MARK: Damaged and hostile files

    private static let start = "its pickle has a tensor of "

    @Test(
        "a tensor that leaves its storage, or lies on itself, is refused",
        arguments: [
            (
                3, 0, [4], [1],
                "[4] with strides [1] from element 0 on, whose 4 elements overlap in a "
                    + "storage of 3"
            ),
            (
                4, 1, [2, 2], [2, 1],
                "[2, 2] with strides [2, 1] from element 1 on, which reaches "
                    + "element 4 of a storage of 4"
            ),
            (
                4, 0, [2], [4],
                "[2] with strides [4] from element 0 on, which reaches element 4 of a "
                    + "storage of 4"
            ),
            (4, -1, [2], [1], "[2] with strides [1] from element -1 on, which makes no tensor"),
            (4, 0, [2], [-1], "[2] with strides [-1] from element 0 on, which makes no tensor"),
            (4, 0, [-2], [1], "[-2] with strides [1] from element 0 on, which makes no tensor"),
            (
                4, 0, [2, 2], [1],
                "[2, 2] with strides [1] from element 0 on, which makes no tensor"
            ),
            (
                4, 0, [1 << 62, 4], [1, 0],
                "[4611686018427387904, 4] with strides [1, 0] from element 0 "
                    + "on, which makes no tensor"
            ),
            (
                4, .max, [2], [1],
                "[2] with strides [1] from element 9223372036854775807 on, too large "
                    + "to address"
            ),
            (
                4, 0, [2], [.max],
                "[2] with strides [9223372036854775807] from element 0 on, which "
                    + "reaches element 9223372036854775807 of a storage of 4"
            ),
        ] as [(Int, Int, [Int], [Int], String)])
    func views(_ count: Int, _ offset: Int, _ shape: [Int], _ strides: [Int], _ text: String) throws
    {
        let pickle = Pickle.state {
            $0.tensor(count: count, offset: offset, shape: shape, strides: strides)
        }
        let storage = [UInt8](repeating: 0, count: 4 * count)
        #expect(
            try problem(Archive(pickle: pickle, storages: ["0": storage]).bytes)
                == Self.start + text)
    }

    @Test(
        "what addresses no element may be any number",
        arguments: [
            (0, [0], [.max], []), (0, [2, 1], [2, .max], [1, 3]), (0, [1, 2], [.max, 2], [1, 3]),
            (.max, [0, 2], [1, 1], []), (.max, [1 << 40, 0], [.max, .max], []),
        ] as [(Int, [Int], [Int], [Float])])
    func unused(_ offset: Int, _ shape: [Int], _ strides: [Int], _ expected: [Float]) throws {
        let pickle = Pickle.state {
            $0.tensor(count: 4, offset: offset, shape: shape, strides: strides)
        }
        let storage = [1, 2, 3, 4].flatMap { Float($0).bitPattern.littleEndianBytes }
        let archive = Archive(pickle: pickle, storages: ["0": storage])
        let tensor = try WeightsArchives.open(folder.file("w.pth", archive.bytes)).tensor("w")
        #expect(try tensor.shape == shape && tensor.floats() == expected)
    }

    @Test("an archive's records lie within it, apart, once, and as they are") func records() throws
    {
        let pickle = Pickle.state { $0.tensor(count: 2, shape: [2], strides: [1]) }
        let storage: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64]
        let sound = Archive(pickle: pickle, storages: ["0": storage])
        let file = try WeightsArchives.open(folder.file("w.pth", sound.bytes))
        #expect(try file.tensor("w").floats() == [1, 2])
        func broken(_ change: (inout Archive) -> Void) throws -> String {
            var archive = sound
            change(&archive)
            return try problem(archive.bytes)
        }
        #expect(
            try broken { $0.entries[2].content.removeLast() }
                == "its storage '0' has 7 bytes; expected 8 for 2 elements")
        #expect(try broken { $0.entries.removeLast() } == "has no storage '0': hostile")
        #expect(
            try broken { $0.entries[2].size = 1 << 20 }
                == "'archive/data/0' lies outside the file: truncated or hostile")
        #expect(
            try broken { $0.entries[2].place = 1 << 30 }
                == "'archive/data/0' lies outside the file: truncated or hostile")
        #expect(
            try broken { $0.entries[0].size = pickle.count + 20 }
                == "'archive/byteorder' overlaps 'archive/data.pkl'")
        #expect(
            try broken { $0.entries.append($0.entries[2]) } == "holds 'archive/data/0' twice")
        #expect(
            try broken { $0.entries[2].method = 8 }
                == "'archive/data/0' is compressed or encrypted, which torch.save does not do; unpack "
                + "the archive, and pack it with zip -0")
        #expect(
            try broken { $0.entries[2].checksum = 7 }
                == "'w' is damaged: it is not what the archive's checksum was taken of")
        #expect(
            try broken { $0.entries[0].checksum = 7 }
                == "'archive/data.pkl' is damaged: it is not what the archive's checksum was taken of"
        )
        #expect(
            try broken { $0.entries[1].content = Array("big".utf8) }
                == "was written with the byte order 'big', which is not read")
        #expect(
            try broken { $0.entries[0].name = "archive/model.json" }
                == "is a zip archive; unpack it")
    }

    @Test(
        "an archive beyond 4 GB has its numbers elsewhere, and is held against the file all the same"
    )
    func large() throws {
        let pickle = Pickle.state { $0.tensor(count: 2, shape: [2], strides: [1]) }
        var archive = Archive(pickle: pickle, storages: ["0": [0, 0, 128, 63, 0, 0, 0, 64]])
        archive.isLarge = true
        let sound = archive
        let file = try WeightsArchives.open(folder.file("w.pth", sound.bytes))
        #expect(try file.tensor("w").floats() == [1, 2])
        for (size, place) in [(1 << 40, nil), (nil, 1 << 40), (.max, 0), (0, .max)]
            as [(Int?, Int?)]
        {
            archive = sound
            (archive.entries[2].size, archive.entries[2].place) = (size, place)
            #expect(
                try problem(archive.bytes)
                    == "'archive/data/0' lies outside the file: truncated or hostile")
        }
        // Numbers that are not there stay what marks them: too large.
        archive = sound
        archive.missing = 9
        #expect(
            try problem(archive.bytes)
                == "'archive/data.pkl' lies outside the file: truncated or hostile")
    }

    @Test("a storage's claim is held against the file before anything is allocated") func claims()
        throws
    {
        for count in [1 << 40, 1 << 61, .max, -1] {
            let pickle = Pickle.state { $0.tensor(count: count, shape: [2], strides: [1]) }
            let text = try problem(Archive(pickle: pickle, storages: ["0": [1, 2, 3, 4]]).bytes)
            #expect(
                text.hasPrefix("its storage '0' has 4 bytes; expected 4398046511104 for ")
                    || text.hasPrefix(
                        "its pickle has a storage of no type, name or length, at byte "),
                "\(text)")
        }
    }

    @Test("a pickle that is no state dict ends in a line") func pickles() throws {
        func problem(_ body: (inout Pickle) -> Void) throws -> String {
            var pickle = Pickle()
            body(&pickle)
            return try self.problem(Archive(pickle: pickle.bytes).bytes)
                .replacing(/, at byte \d+/, with: "")
        }
        #expect(
            try problem { $0.add(".") }
                == "its pickle has too little on its stack: damaged or hostile")
        #expect(try problem { $0.add("}") } == "its pickle ends too early: truncated, or hostile")
        #expect(
            try problem { $0.add("}X") } == "its pickle ends too early: truncated, or hostile")
        #expect(
            try problem { $0.add([0x8C, 255]) }
                == "its pickle ends too early: truncated, or hostile")
        #expect(
            try problem { $0.add("P1\n.") }
                == "its pickle has the operation 80, which torch.save does not write: damaged or "
                + "hostile")
        #expect(
            try problem { $0.add("h\u{1}.") }
                == "its pickle recalls value 1, which it never kept: damaged or hostile")
        #expect(
            try problem { $0.add("}K\u{1}K\u{2}R.") }
                == "its pickle calls what is no function: damaged or hostile")
        #expect(try problem { $0.add("}.") } == "holds no tensors")
        #expect(try problem { $0.add("].") } == "holds no named tensors")
        #expect(try problem { $0.add("N.") } == "holds no named tensors")
        // A dictionary in itself, a million times over, and a tower of tuples.
        #expect(
            try problem { $0.add("}q\u{0}K\u{1}h\u{0}s.") }
                == "holds no tensors, but an entry without a name")
        let tower = [UInt8](repeating: 0x85, count: 1_000_000)
        #expect(
            try problem {
                $0.add("N"); $0.add(tower); $0.add(".")
            } == "holds no named tensors")
        // Pairs that are copied and copied again.
        #expect(
            try problem {
                $0.add("]q\u{0}(")
                for _ in 0..<1000 {
                    $0.add("K\u{1}K\u{1}")
                    $0.add([0x86])
                }
                $0.add("e")
                for _ in 0..<1000 {
                    $0.global("collections", "OrderedDict")
                    $0.add("h\u{0}")
                    $0.add([0x85])
                    $0.add("R0")
                }
                $0.add(".")
            } == "its pickle copies its values over and over: damaged or hostile")
    }

    @Test("texts that are recalled fill no memory, and no time", .timeLimit(.minutes(1)))
    func recalled() throws {
        func problem(_ body: (inout Pickle) -> Void) throws -> String {
            var pickle = Pickle()
            pickle.text(String(repeating: "a", count: 1 << 20))
            pickle.add("q\u{0}0")
            body(&pickle)
            return try self.problem(Archive(pickle: pickle.bytes).bytes)
                .replacing(/, at byte \d+/, with: "")
        }
        let copies = "its pickle copies its values over and over: damaged or hostile"
        // As the name of a function, which is made of two, and as a key, which is hashed.
        #expect(
            try problem {
                for _ in 0..<100_000 { $0.add([0x68, 0, 0x68, 0, 0x93]) }
                $0.add(".")
            } == copies)
        #expect(
            try problem {
                $0.add("}")
                for _ in 0..<100_000 { $0.add([0x68, 0, 0x4E, 0x73]) }
                $0.add(".")
            } == copies)
        #expect(
            try problem {
                $0.add("}")
                for _ in 0..<100_000 { $0.add([0x68, 0, 0x32, 0x73]) }
                $0.add(".")
            } == copies)
        // As arguments that are looked through.
        #expect(
            try problem {
                $0.add("(")
                $0.add([UInt8](repeating: 0x4E, count: 1_000_000))
                $0.add("tq\u{1}0")
                $0.global("torch._tensor", "_rebuild_from_type_v2")
                $0.add("q\u{2}0")
                for _ in 0..<300_000 { $0.add([0x68, 2, 0x68, 1, 0x52, 0x30]) }
                $0.add("N.")
            } == "holds no named tensors")
        let key = String(repeating: "1", count: 257)
        #expect(
            try problem { $0.tensor(count: 1, shape: [1], strides: [1], key: key) }
                == "its pickle has a storage whose name has 257 bytes: damaged or hostile")
    }

    @Test("a dictionary under many keys is looked through once", .timeLimit(.minutes(1)))
    func sharedDictionary() throws {
        let count = 50_000
        var pickle = Pickle()
        pickle.add("}q\u{0}(")
        for index in 0..<count {
            pickle.text("\(index)")
            pickle.add("N")
        }
        pickle.add("u0}(")
        for index in 0..<count {
            pickle.text("\(index)")
            pickle.add("h\u{0}")
        }
        pickle.add("u.")
        #expect(
            try problem(Archive(pickle: pickle.bytes).bytes)
                == "holds no tensors, but '0', '1', '10', '100', '1000' and 49995 more")
    }

    @Test(
        "a file that ends anywhere else than at its end is refused, or is whole",
        arguments: ["checkpoint.pth", "checkpoint-legacy.pth", "system-inside-legacy.pth"])
    func truncated(_ name: String) throws {
        let whole = try bytes(name)
        for length in stride(from: 1, to: whole.count, by: 13) {
            #expect(try !problem(Array(whole[..<length])).isEmpty, "\(length)")
        }
    }

    @Test("changed bytes never end the process, and never change a checked tensor unseen")
    func changed() throws {
        let whole = try bytes("checkpoint.pth")
        let expected = try open("checkpoint.pth").tensor("weight").floats()
        var generator = SplitMix(state: 6)
        for _ in 0..<400 {
            var bytes = whole
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
            let path = try folder.file("w.pth", bytes)
            guard let file = try? WeightsArchives.open(path), file.names == ["weight", "bias"],
                let found = try? file.tensor("weight").floats()
            else { continue }
            #expect(found == expected, "byte \(place)")
        }
    }

    @Test("the checksum is that of zip archives") func checksum() {
        let bytes = Array("123456789".utf8)
        #expect(bytes.withUnsafeBytes { zipChecksum($0) } == 0xCBF4_3926)
        #expect(
            [UInt8](repeating: 0xFF, count: 32).withUnsafeBytes { zipChecksum($0) } == 0xFF6C_AB0B)
        #expect([UInt8]().withUnsafeBytes { zipChecksum($0) } == 0)
    }
}

/// The same numbers in every run, so that a failure can be had again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
