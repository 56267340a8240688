import Foundation
import Testing

@testable import Torch

@Suite("Safetensors") struct SafetensorsTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// A file with the given header and as many zeros of data.
    func file(_ json: String, data: Int = 0, length: UInt64? = nil) throws -> String {
        let header = Array(json.utf8)
        let prefix = withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) {
            Array($0)
        }
        return try folder.file(
            "hostile.safetensors", prefix + header + [UInt8](repeating: 0, count: data))
    }

    /// What opening that file says after its path.
    func problem(_ json: String, data: Int = 0, length: UInt64? = nil) throws -> String {
        try problem(at: file(json, data: data, length: length))
    }

    func problem(at path: String) -> String {
        let text = errorText { _ = try SafetensorsFile(path: path) }
        let prefix = "safetensors: \(path): "
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
    }

    func entry(_ name: String, _ shape: String, _ offsets: String, dtype: String = "F32") -> String
    {
        "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    // MARK: Agreement with the reference implementation

    @Test("a file of the Python package reads to its values, in every dtype") func python() throws {
        let file = try SafetensorsFile(path: Fixture.path("python.safetensors"))
        #expect(file.metadata == ["format": "pt"])
        #expect(file.names.count == 9)
        #expect(try file.tensor("a.float").floats() == [0, 0.25, 0.5, 0.75, 1, 1.25])
        #expect(try file.tensor("b.brain").floats() == [0, 0.25, 0.5, 0.75, 1, 1.25])
        #expect(file.info("b.brain")?.dtype == .bfloat16)
        #expect(file.info("c.half")?.dtype == .float16)
        #expect(try file.tensor("c.half").shape == [2, 3])
        #expect(try file.tensor("d.long").int64s() == (0..<6).map { $0 - 1 << 40 })
        #expect(try file.tensor("e.byte").bytes() == [0, 50, 100, 150, 200, 250])
        #expect(try file.tensor("f.mask").floats() == [0, 1, 0, 1, 0, 1])
        #expect(try file.tensor("g.scalar").item() == 2.5)
        #expect(try file.tensor("h.empty").shape == [0, 3])
        #expect(try file.tensor("ключ \"q\" \\ \n").bytes() == [7])
        #expect(file.info("nothing") == nil)
        #expect(errorText { _ = try file.tensor("nothing") }.hasSuffix("no tensor 'nothing'"))
    }

    @Test("writing what was read gives the Python package's bytes again") func sameBytes() throws {
        for name in ["python.safetensors", "ops.safetensors"] {
            let source = Fixture.path(name)
            let file = try SafetensorsFile(path: source)
            let copy = "\(folder.path)/copy.safetensors"
            try SafetensorsFile.write(
                file.names.map { ($0, try file.tensor($0)) }, metadata: file.metadata, to: copy)
            #expect(
                try Data(contentsOf: URL(fileURLWithPath: copy))
                    == Data(contentsOf: URL(fileURLWithPath: source)))
        }
        #expect(folder.contents == ["copy.safetensors"])
    }

    // MARK: Writing

    @Test("views, channels-last images and control characters survive") func unusual() throws {
        let path = "\(folder.path)/a.safetensors"
        let x = try Tensor.arange(30, dtype: .float32).reshaped([1, 2, 3, 5])
        try SafetensorsFile.write(
            [
                ("last", try x.contiguous(.channelsLast)),
                ("byte", try Tensor.ones([3], dtype: .uint8)),
                ("odd\u{1}\t", try x.transposed(2, 3)),
            ], metadata: ["b": "2", "a": "line\nbreak"], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.names == ["last", "byte", "odd\u{1}\t"])
        #expect(file.metadata == ["b": "2", "a": "line\nbreak"])
        #expect(try file.tensor("last").floats() == x.floats())
        #expect(try file.tensor("odd\u{1}\t").floats() == x.transposed(2, 3).floats())
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(bytes[0] % 8 == 0)
    }

    @Test("a failed write leaves the old file and no other") func atomic() throws {
        let path = "\(folder.path)/a.safetensors"
        let one = try Tensor.ones([2])
        try SafetensorsFile.write([("a", one)], to: path)
        #expect(
            errorText { try SafetensorsFile.write([("b", one), ("b", one)], to: path) }
                == "safetensors: \(path): the name 'b' is taken")
        #expect(throws: TorchError.self) {
            try SafetensorsFile.write([("__metadata__", one)], to: path)
        }
        #expect(try SafetensorsFile(path: path).names == ["a"])
        let nowhere = "\(folder.path)/none/a.safetensors"
        #expect(
            errorText { try SafetensorsFile.write([("a", one)], to: nowhere) }
                == "file: \(nowhere): No such file or directory")
        // The target is a folder: the rename fails after everything was written.
        let taken = "\(folder.path)/taken"
        try FileManager.default.createDirectory(
            atPath: taken, withIntermediateDirectories: false)
        #expect(
            errorText { try SafetensorsFile.write([("a", one)], to: taken) }
                == "file: \(taken): Is a directory")
        #expect(folder.contents == ["a.safetensors", "taken"])
    }

    // MARK: Files that are not there

    @Test("a missing file, a folder and an empty file say so") func missing() throws {
        #expect(problem(at: "\(folder.path)/none") == "No such file or directory")
        #expect(problem(at: folder.path) == "is a folder, not a file")
        #expect(problem(at: "/dev/null") == "is a device, not a file")
        let empty = try folder.file("empty", [])
        #expect(problem(at: empty) == "is empty: a download or copy that was not finished")
        let short = try folder.file("short", [1, 2, 3, 4, 5, 6, 7])
        #expect(problem(at: short) == "7 bytes long, too short for a safetensors file")
    }

    // MARK: Hostile headers

    @Test("a header longer than the file or the limit is refused before it is read")
    func lengths() throws {
        #expect(
            try problem("{}", length: 3)
                == "its header claims 3 bytes, the file has 2 after the length: truncated, "
                + "or not a safetensors file")
        for length in [100_000_001, UInt64(Int.max), UInt64.max] {
            #expect(
                try problem("{}", length: length)
                    == "its header claims \(length) bytes, over the limit of 100000000: "
                    + "not a safetensors file")
        }
        #expect(
            try problem("", length: 0) == "bad header at byte 8: expected the header as an object")
    }

    @Test("JSON outside the header's grammar is refused, with the byte where it happens")
    func json() throws {
        let cases = [
            "": "bad header at byte 8: expected the header as an object",
            "[]": "bad header at byte 8: expected the header as an object",
            "{} x": "bad header at byte 11: expected the end of the header",
            "{\"a\"": "bad header at byte 12: expected ':' after 'a'",
            "{\"a": "a key of the header has no end: the header is cut off",
            "{\"a\\": "an unknown escape in a key of the header",
            "{\"\\x\"": "an unknown escape in a key of the header",
            "{\"\\u12\"":
                "bad header at byte 14: expected four hexadecimal digits in a key of the header",
            "{\"\\ud800\"": "half a surrogate pair in a key of the header",
            "{\"\u{1}\"": "a control character in a key of the header",
            "{\"a\":1}": "bad header at byte 13: expected 'a' as an object",
            "{\"a\":{}}": "'a' needs dtype, shape and data_offsets",
            "{\"a\":{},}": "'a' needs dtype, shape and data_offsets",
            "{\"__metadata__\":{\"k\":1}}":
                "bad header at byte 29: expected the value of metadata 'k' as a string",
            "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}": "the metadata 'k' appears twice",
            "{\"__metadata__\":{},\"__metadata__\":{}}": "the name '__metadata__' appears twice",
        ]
        for (json, expected) in cases {
            #expect(try problem(json) == expected)
        }
        let invalid = try folder.file(
            "utf8", [6, 0, 0, 0, 0, 0, 0, 0] + Array("{\"".utf8) + [0xFF] + Array("\":{".utf8))
        #expect(problem(at: invalid) == "a key of the header is not UTF-8")
        // As deep as it likes: the reader does not recurse.
        let deep = String(repeating: "{\"a\":", count: 100_000)
        #expect(try problem(deep).hasPrefix("'a' has the unknown key 'a'"))
    }

    @Test("escapes and padding are read as JSON says") func escapes() throws {
        let name = #"\ud83d\ude00\u00e9\/\"\b"#
        let path = try file(" {\n\(entry(name, "[ 1 ]", "[0, 4 ]")) } \t\r  ", data: 4)
        #expect(try SafetensorsFile(path: path).names == ["😀é/\"\u{8}"])
    }

    @Test("dtypes, shapes and offsets that make no sense are refused") func entries() throws {
        func one(_ shape: String, _ offsets: String, dtype: String = "F32", data: Int = 8) throws
            -> String
        {
            try problem("{\(entry("w", shape, offsets, dtype: dtype))}", data: data)
        }
        for dtype in ["F8_E4M3", "I32", "C64", "F65"] {
            #expect(
                try one("[1]", "[0,8]", dtype: dtype)
                    == "'w' has the dtype '\(dtype)', which is not read; convert it to one of F32, "
                    + "BF16, F16, F64, I64, U8, BOOL")
        }
        #expect(try one("[-2]", "[0,8]") == "a number in the shape of 'w' is negative")
        #expect(
            try one("[2.0]", "[0,8]")
                == "bad header at byte 38: expected ',' or ']' in the shape of 'w'")
        #expect(try one("[02]", "[0,8]") == "a number in the shape of 'w' starts with 0")
        #expect(
            try one("[99999999999999999999]", "[0,8]")
                == "a number in the shape of 'w' is too large")
        #expect(
            try one("[3]", "[0,8]")
                == "'w' of float32 [3] needs 12 bytes, its data_offsets [0, 8] hold 8")
        // 2^62 · 4 wraps to 0, and 2^61 · 4 floats wrap to 0 bytes.
        #expect(
            try one("[4611686018427387904,4]", "[0,0]", data: 0)
                == "'w' has the shape [4611686018427387904, 4], too large to address")
        #expect(
            try one("[2305843009213693952,2]", "[0,0]", data: 0)
                == "'w' has the shape [2305843009213693952, 2], too large to address")
        // A length of 0 hides nothing: strides are products of the others.
        #expect(
            try one("[0,4611686018427387904,4]", "[0,0]", data: 0)
                == "'w' has the shape [0, 4611686018427387904, 4], too large to address")
        #expect(try one("[2]", "[8,0]") == "'w' has the data_offsets [8, 0], not [begin, end]")
        #expect(try one("[2]", "[8]") == "'w' has the data_offsets [8], not [begin, end]")
        #expect(try one("[2]", "[-8,0]") == "a number in the data_offsets of 'w' is negative")
        let many = "[\(Array(repeating: "1", count: 65).joined(separator: ","))]"
        #expect(try one(many, "[0,4]") == "'w' has 65 dimensions; at most 64 are read")
        let endless = "[\(Array(repeating: "1", count: 101).joined(separator: ","))]"
        #expect(try one(endless, "[0,4]") == "more than 100 numbers in the shape of 'w'")
        #expect(
            try problem("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}") == "'w' has 'dtype' twice")
    }

    @Test("a name as long as the file is cut in messages, and what a terminal obeys is shown")
    func longNames() throws {
        let name = String(repeating: "n", count: 100_000)
        #expect(
            try problem("{\(entry(name, "[3]", "[0,8]"))}", data: 8)
                .hasSuffix("nnn' of float32 [3] needs 12 bytes, its data_offsets [0, 8] hold 8"))
        #expect(try problem("{\(entry(name, "[3]", "[0,8]"))}", data: 8).count < 1300)
        #expect(
            try problem("{\(entry(#"a\n\u001b[31mError: b"#, "[3]", "[0,8]"))}", data: 8)
                .hasPrefix(#"'a \u{1B}[31mError: b' of float32 [3]"#))
    }

    @Test("tensors outside the file, on top of each other or with gaps are refused")
    func bounds() throws {
        #expect(
            try problem("{\(entry("w", "[3]", "[0,12]"))}", data: 11)
                == "'w' ends at byte 12 of the data, which has 11: the file is truncated or hostile"
        )
        let huge = "9223372036854775804"
        #expect(
            try problem("{\(entry("w", "[1]", "[\(huge.dropLast())0,\(huge)]"))}", data: 4)
                .hasPrefix("'w' ends at byte 9223372036854775804 of the data, which has 4"))
        #expect(
            try problem(
                "{\(entry("a", "[2]", "[0,8]")),\(entry("b", "[2]", "[4,12]"))}", data: 12)
                == "'b' overlaps 'a'")
        #expect(
            try problem("{\(entry("a", "[2]", "[0,8]")),\(entry("b", "[2]", "[0,8]"))}", data: 8)
                == "'b' overlaps 'a'")
        #expect(
            try problem("{\(entry("a", "[2]", "[4,12]"))}", data: 12)
                == "4 unused bytes before 'a'")
        #expect(
            try problem("{\(entry("a", "[2]", "[0,8]"))}", data: 9) == "1 unused bytes after 'a'")
        #expect(
            try problem("{\(entry("a", "[2]", "[0,8]")),\(entry("a", "[2]", "[8,16]"))}", data: 16)
                == "the name 'a' appears twice")
    }

    @Test("a bool that is neither 0 nor 1 is refused when it is read") func bools() throws {
        let json = "{\(entry("m", "[2]", "[0,2]", dtype: "BOOL"))}"
        let length = [UInt8(json.utf8.count), 0, 0, 0, 0, 0, 0, 0]
        let path = try folder.file("bool", length + Array(json.utf8) + [1, 7])
        let file = try SafetensorsFile(path: path)
        #expect(
            errorText { _ = try file.tensor("m") }
                == "safetensors: \(path): 'm': expected bool bytes 0 or 1, found 7")
    }

    @Test("every cut of a good file is refused") func truncation() throws {
        let good = [UInt8](
            try Data(contentsOf: URL(fileURLWithPath: Fixture.path("python.safetensors"))))
        for length in stride(from: 0, to: good.count, by: 7) {
            let path = try folder.file("cut", Array(good[..<length]))
            #expect(throws: TorchError.self) { try SafetensorsFile(path: path) }
        }
    }
    @Test("no change of a good file's header does more than be refused or be read")
    func damage() throws {
        let good = [UInt8](
            try Data(contentsOf: URL(fileURLWithPath: Fixture.path("python.safetensors"))))
        var numbers = SplitMix(state: 9)
        let header = 8 + Int(good[0]) + Int(good[1]) << 8
        for _ in 0..<1000 {
            var bytes = good
            for _ in 0...numbers.next(below: 3) {
                bytes[numbers.next(below: header)] = UInt8(numbers.next(below: 256))
            }
            let path = try folder.file("damaged", bytes)
            do throws(TorchError) {
                let file = try SafetensorsFile(path: path)
                for name in file.names { _ = try file.tensor(name) }
            } catch {
                #expect(error.operation == "safetensors" && error.message.count < 1000)
            }
        }
    }
}

/// The same numbers in every run.
private struct SplitMix {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }
}
