import Foundation
import Testing

@testable import ResponseCache

/// Files that look whole and are not; see Tests/Fixtures/import/make_doubtful_fixtures.py.
@Suite("Doubtful responses") struct DoubtfulResponsesTests {
    private static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/import").path
    private static let path = "\(fixtures)/doubtful.h5"

    /// What opening and checking a dataset throws, without the file's name.
    private func fault(
        _ dataset: String, _ values: ForeignResponses.Values = .logits, path: String = path,
        keys: String? = "names"
    ) throws -> String? {
        let text = try message {
            let responses = try ForeignResponses(
                path: path, dataset: dataset, values: values, temperature: 1)
            try responses.validate(keys: keys.map { try responses.keys($0) })
        }
        guard let text else { return nil }
        #expect(text.hasPrefix("\(path): ") && !text.contains("\n"), "\(text)")
        return String(text.dropFirst(path.count + 2))
    }

    @Test(
        "a row that nobody wrote is named with its key",
        arguments: [
            ("zeros", "row 4 ('c0/4.jpg'): all 5 logits are 0.0: was it written?"),
            ("zeros16", "row 4 ('c0/4.jpg'): all 5 logits are 0.0: was it written?"),
            ("stacked", "view 1, row 4 ('c0/4.jpg'): all 5 logits are 0.0: was it written?"),
            ("equal", "row 2 ('c0/2.jpg'): all 5 logits are -1.5: was it written?"),
            ("payload", "row 1 ('c1/1.jpg'): the logit of class 0 is nan"),
            ("never", "row 0 ('c0/0.jpg'): was never written"),
            ("gaps", "row 4 ('c0/4.jpg'): was never written"),
            ("columns", "row 0 ('c0/0.jpg'): was never written"),
            ("grown", "row 3 ('c1/3.jpg'): was never written"),
        ])
    func unwritten(_ dataset: String, _ reason: String) throws {
        #expect(try fault(dataset) == "dataset '\(dataset)', \(reason)")
    }

    @Test("even probabilities are refused as well, and so are keys that nobody wrote")
    func even() throws {
        #expect(
            try fault("even", .probabilities)
                == "dataset 'even', row 6 ('c0/6.jpg'): all 5 probabilities are 0.2: was it written?"
        )
        #expect(
            try fault("packed", keys: "nonames")
                == "dataset 'nonames', row 0: was never written")
    }

    @Test(
        "percentages are named, whatever they are said to be",
        arguments: ["percentages", "percentages16"])
    func percentages(_ dataset: String) throws {
        let path = "\(Self.fixtures)/odd.h5"
        #expect(
            try fault(dataset, path: path, keys: nil)
                == "dataset '\(dataset)': no number is negative, and each row sums to 100: these are "
                + "percentages")
        let text = try fault(dataset, .probabilities, path: path, keys: nil)
        #expect(
            try
                #/dataset '\w+', row 0: the probabilities sum to (99|100)\.\d+, not to 1: these are /#
                .prefixMatch(in: text ?? "") != nil, "\(text ?? "")")
        #expect(text?.hasSuffix("these are percentages, divide them by 100") == true)
    }

    @Test("rows that are all the same are said to be") func alike() throws {
        func oddities(_ dataset: String, of path: String) throws -> [String] {
            try ForeignResponses(path: path, dataset: dataset, values: .logits, temperature: 1)
                .validate(keys: nil)
        }
        let path = "\(Self.fixtures)/odd.h5"
        #expect(
            try oddities("alike", of: path) == [
                "\(path): dataset 'alike': all 7 rows are the same, so that every image has the same "
                    + "response; is this the dataset that was meant?"
            ])
        #expect(try oddities("packed", of: Self.path) == [])
    }

    @Test("two classes can be alike by chance, but not zero") func twoClasses() throws {
        #expect(try fault("two", keys: nil) == nil)
        #expect(
            try fault("twozeros", keys: nil)
                == "dataset 'twozeros', row 2: all 2 logits are 0.0: was it written?")
    }

    @Test("probabilities are no logits, nor logits probabilities") func kinds() throws {
        for dataset in ["shares", "shares16"] {
            #expect(
                try fault(dataset)
                    == "dataset '\(dataset)': no number is negative, and each row sums to 1: these are "
                    + "probabilities")
            #expect(try fault(dataset, .probabilities) == nil)
        }
        #expect(try fault("logshares") == nil)
        let text = try #require(try fault("logshares", .probabilities))
        let row = "dataset 'logshares', row 0 ('c0/0.jpg')"
        #expect(text.hasPrefix("\(row): the probability of class 0 is -"))
        #expect(
            try fault("bfloat16")
                == "dataset 'bfloat16' is of integers of 16 bits (bfloat16?), not of float16, float32 "
                + "or float64 numbers")
    }

    @Test("a link is followed; one that leads nowhere is named with what it leads to")
    func links() throws {
        #expect(try fault("alias") == nil)
        #expect(try fault("there") == nil)
        #expect(
            try fault("dangling") == "'dangling' is a link to '/nowhere', which is not there")
        #expect(
            try fault("away")
                == "'away' is a link to '/l' in left-behind.h5, which cannot be opened: bring that "
                + "file back")
        #expect(
            try fault("lost")
                == "'lost' is a link to '/nowhere' in doubtful-source.h5, which cannot be opened: "
                + "bring that file back")
    }

    @Test(
        "a virtual dataset's sources must be there, hold enough, and give every number",
        arguments: [
            (
                "halved",
                "is virtual, and its source left-behind.h5 cannot be opened: bring that file back"
            ),
            ("unnamed", "is virtual, and its source SOURCE has no dataset 'other'"),
            (
                "cut",
                "is virtual, and its source, dataset 'few' in SOURCE, holds less than is taken from it"
            ),
            ("uncovered", "is virtual, and its sources give 20 of its 35 numbers"),
            (
                "unwritten",
                "has a source, dataset 'never' in SOURCE, of which a part was never written"
            ),
            (
                "nested",
                "is virtual, and its source left-behind.h5 cannot be opened: bring that file back"
            ),
        ])
    func virtual(_ dataset: String, _ reason: String) throws {
        let source = "\(Self.fixtures)/doubtful-source.h5"
        #expect(
            try fault(dataset)
                == "dataset '\(dataset)' " + reason.replacingOccurrences(of: "SOURCE", with: source)
        )
    }

    @Test("a virtual dataset whose sources are there is read, and they are told")
    func joined() throws {
        func open(_ dataset: String) throws -> ForeignResponses {
            try ForeignResponses(
                path: Self.path, dataset: dataset, values: .logits, temperature: 1)
        }
        let (joined, own) = (try open("joined"), try open("packed"))
        try joined.validate(keys: nil)
        try open("doubled").validate(keys: nil)
        #expect(joined.sources == ["\(Self.fixtures)/doubtful-source.h5"])
        #expect(try open("there").sources == joined.sources)
        #expect(own.sources.isEmpty)
        // A source can be read by its own name meanwhile.
        #expect(
            try fault("b", path: "\(Self.fixtures)/doubtful-source.h5")
                == "has no dataset 'b'; it has few, l, never")
        let rows = [6, 3, 0, 3, 5]
        #expect(
            try joined.probabilities(view: 0, rows: rows)
                == own.probabilities(view: 0, rows: rows))
    }

    @Test("numbers in a raw file beside the HDF5 file are not guessed") func raw() throws {
        #expect(
            try fault("raw", path: "\(Self.fixtures)/raw.h5", keys: nil)
                == "dataset 'raw' keeps its numbers in another file, raw.bin, which is not read here: "
                + "h5repack FILE COPY brings them in")
    }

    @Test(
        "a compression that this HDF5 lacks is named",
        arguments: [
            ("lzf", 32000), ("zstd", 32015), ("blosc", 32001), ("lz4", 32004),
            ("bitshuffle", 32008), ("bzip2", 307),
        ])
    func filters(_ name: String, _ number: Int) throws {
        #expect(
            try fault(name, keys: nil)
                == "dataset '\(name)' is compressed with \(name) (filter \(number)), which this HDF5 "
                + "lacks: h5repack -f GZIP=4 FILE COPY where there is one that has it, or set "
                + "HDF5_PLUGIN_PATH")
    }

    @Test("what is no HDF5 file, or a part of one, is said in our words") func files() throws {
        let folder = try TemporaryFolder()
        let text = try folder.file("notes.txt", Array("no numbers".utf8))
        #expect(try fault("a", path: text) == "is not an HDF5 file")
        let whole = try bytes(Self.path)
        let half = try folder.file("half.h5", Array(whole.prefix(whole.count / 2)))
        #expect(try fault("a", path: half) == "is cut short, or somebody is still writing it")
        #expect(
            try fault("a", path: "\(folder.path)/none.h5")
                == "cannot open: No such file or directory")
        let missing = try #require(try fault("b", path: "\(Self.fixtures)/doubtful-source.h5"))
        #expect(missing == "has no dataset 'b'; it has few, l, never")
    }

    @Test("a file that somebody writes is refused, at the start and later") func written() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("good.h5", bytes("\(Self.fixtures)/good.h5"))
        let writer = open(path, O_RDWR)
        defer { close(writer) }
        #expect(flock(writer, LOCK_EX | LOCK_NB) == 0)
        #expect(
            try fault("logits32", path: path, keys: nil)
                == "somebody is writing it; wait until that is done")
        #expect(flock(writer, LOCK_UN) == 0)
        let responses = try ForeignResponses(
            path: path, dataset: "logits32", values: .logits, temperature: 1)
        try responses.validate(keys: nil)
        // It can be shared, but not be taken for writing.
        #expect(flock(writer, LOCK_SH | LOCK_NB) == 0)
        #expect(flock(writer, LOCK_EX | LOCK_NB) != 0)
        try write(try bytes(path), to: path)
        #expect(
            try message { _ = try responses.probabilities(view: 0, rows: [1]) }
                == "\(path): changed while it was read; begin again when nobody writes to it")
    }

    /// One chunk holds all 2,000 rows, 4 MB: decoded for each row it takes half a minute.
    @Test("a chunk is decoded once for the rows of a group, not once for each") func chunks() throws
    {
        let responses = try ForeignResponses(
            path: Self.path, dataset: "deep", values: .logits, temperature: 1)
        let start = ContinuousClock.now
        for group in 0..<20 {
            let rows = (0..<100).map { (group + 20 * (37 * $0 % 100)) % 2000 }
            let read = try responses.probabilities(view: 0, rows: rows)
            for (place, row) in rows.enumerated() where place % 30 == 0 {
                let values = read[place * 500..<(place + 1) * 500]
                #expect(values.max() == values[place * 500 + row % 500])
            }
        }
        #expect(start.duration(to: .now) < .seconds(8))
    }

    @Test("names from outside cannot forge a line") func names() throws {
        let text = try #require(try fault("x\n\u{1B}[2KError: done"))
        #expect(text.hasPrefix("has no dataset 'x\\n\\u{1B}[2KError: done'; it has "), "\(text)")
    }
}
