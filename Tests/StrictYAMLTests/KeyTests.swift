import Testing

@testable import StrictYAML

/// A section with a key of every kind.
private struct Plant: Section, Equatable {
    var name = ""
    var leaves = 4
    var height: Double?
    var isGreen = true
    var soil = Soil.initial
    var pot: Pot?
    var water = Water.rain

    enum Water: Equatable {
        case rain
        case can(liters: Double)
        case hose(liters: Double, mist: Bool)
    }

    static let initial = Self()
    static let keys: [Key<Self>] = [
        Key("name", \.name, .word, "what it is called"),
        Key("leaves", \.leaves, .integer(in: 1...9), hasDefault: true, "how many leaves it has"),
        Key("height", \.height, .orNone(.number(in: .share)), hasDefault: true, "height, meters"),
        Key("green", \.isGreen, .boolean, hasDefault: true, field: .whereSet, "its color"),
        .section("soil", \.soil, "what it stands in"),
        .optionalSection(
            "pot", \.pot, style: .flow, hasDefault: true, field: .whereSet, "what holds it"),
        .choice(of: waters, \.water, hasDefault: true, field: .never, "where water comes from"),
        .constants(of: waters, \.water),
    ]

    func check(_ section: SectionReader) throws(YAMLError) {
        guard leaves > 1 || !isGreen else { throw section.error("leaves", "too few leaves") }
        guard soil.depth > 0 || pot == nil else {
            throw section.error("soil.depth", "a pot needs soil")
        }
    }

    struct Soil: Section, Equatable {
        var depth = 0.5
        var kinds = 1...1

        static let initial = Self()
        static let keys: [Key<Self>] = [
            Key("depth", \.depth, .number(in: .share), "depth, meters"),
            Key("kinds", \.kinds, .integers(in: 1...5), hasDefault: true, "its layers"),
        ]
    }

    struct Pot: Section, Equatable {
        var size = 1

        static let initial = Self()
        static let keys: [Key<Self>] = [
            Key("size", \.size, .integer(in: 1...9), "width, decimeters")
        ]
    }

    private struct Can: Section {
        var liters = 0.0

        static let initial = Self()
        static let keys: [Key<Self>] = [
            Key("liters", \.liters, .number(in: .share), "water a day, liters")
        ]

        func check(_ section: SectionReader) throws(YAMLError) {
            guard liters != 0.25 else { throw section.error("liters", "no such can") }
        }
    }

    private struct Hose: Section {
        var liters = 0.0
        var mist = false

        static let initial = Self()
        static let keys: [Key<Self>] =
            Can.keys.map { _ in
                Key("liters", \.liters, .number(in: .share), "water a day, liters")
            } + [Key("mist", \.mist, .boolean, hasDefault: true, "whether it sprays")]
    }

    private static let waters = Alternatives<Water>(
        "water", "to",
        [
            Alternative("rain", .rain),
            Alternative(
                "can", { (own: Can) in .can(liters: own.liters) },
                { if case .can(let liters) = $0 { Can(liters: liters) } else { nil } }),
            Alternative(
                "hose", { (own: Hose) in .hose(liters: own.liters, mist: own.mist) },
                {
                    guard case .hose(let liters, let mist) = $0 else { return nil }
                    return Hose(liters: liters, mist: mist)
                }),
        ])
}

private func plant(_ text: String) throws -> Plant {
    let root = try SourcedNode(
        parsing: text, at: Place(origin: "p", line: 1, column: 1, directory: "/"))
    return try Plant(SectionReader(root, noun: "plant", known: Plant.known))
}

private func message(_ text: String) -> String {
    do {
        _ = try plant(text)
        return ""
    } catch {
        return "\(error)"
    }
}

@Suite("Keys of a section") struct KeyTests {
    private static let short = "name: fern\nsoil: {depth: 0}\n"

    @Test("what is absent has the value that the section begins with")
    func defaults() throws {
        var expected = Plant(name: "fern")
        expected.soil.depth = 0
        #expect(try plant(Self.short) == expected)
    }

    @Test("every key is read, whatever its order")
    func reading() throws {
        let text = """
            liters: 0.5
            water: hose
            mist: true
            pot: {size: 3}
            soil: {kinds: [1, 3], depth: 0.25}
            green: false
            height: 0.125
            leaves: 7
            name: fern
            """
        #expect(
            try plant(text)
                == Plant(
                    name: "fern", leaves: 7, height: 0.125, isGreen: false,
                    soil: .init(depth: 0.25, kinds: 1...3), pot: .init(size: 3),
                    water: .hose(liters: 0.5, mist: true)))
        #expect(try plant(Self.short + "height: none\npot: none").pot == nil)
    }

    @Test("what is written has every key in the order of the list, and reads back")
    func writing() throws {
        var fern = try plant(Self.short + "height: 0.5\nwater: can\nliters: 0.75")
        #expect(
            fern.entries().yaml == """
                name: fern
                leaves: 4
                height: 0.5
                green: true
                soil:
                  depth: 0
                  kinds: [1, 1]
                pot: none
                water: can
                liters: 0.75

                """)
        fern.soil.depth = 1
        fern.pot = .init(size: 2)
        fern.water = .hose(liters: 0.25, mist: true)
        fern.height = nil
        let text = fern.entries().yaml
        #expect(text.contains("\npot: {size: 2}\nwater: hose\nliters: 0.25\nmist: true\n"))
        #expect(try plant(text) == fern)
    }

    @Test("fields bear the keys' paths; what is off, and what has no part, has none")
    func fields() throws {
        func fields(_ text: String) throws -> [String] {
            try plant(text).fields(under: "plant").map { "\($0.name)=\($0.value)" }
        }
        let plain = [
            "plant.name=fern", "plant.leaves=4", "plant.height=none", "plant.soil.depth=0.5",
            "plant.soil.kinds=[1, 1]",
        ]
        let text = "name: fern\nsoil: {depth: 0.5}\n"
        #expect(try fields(text) == plain)
        var more = plain
        more.insert("plant.green=false", at: 3)
        more += ["plant.pot=size: 2", "plant.liters=0.5"]
        #expect(try fields(text + "green: false\npot: {size: 2}\nwater: can\nliters: 0.5") == more)
        #expect(
            try plant(text).fields(of: ["soil"]).map(\.name) == ["soil.depth", "soil.kinds"])
    }

    @Test(
        "what is wrong is named with its place",
        arguments: [
            (
                "leafs: 4",
                "p:3:1: unknown key 'leafs' in the plant; known: green, height, leaves, liters, "
                    + "mist, name, pot, soil, water"
            ),
            ("leaves: 0", "p:3:9: leaves: expected a whole number from 1 to 9, found '0'"),
            ("height: 2", "p:3:9: height: expected a number from 0 to 1, or none, found '2'"),
            ("pot: big", "p:3:6: pot: expected a mapping or none, found 'big'"),
            ("pot: {}", "p:3:6: missing key 'size' in pot: a whole number from 1 to 9"),
            ("leaves: 1", "p:3:9: too few leaves"),
            ("pot: {size: 1}", "p:2:15: a pot needs soil"),
            ("water: sea", "p:3:8: water: expected one of rain, can, hose, found 'sea'"),
            ("water: can", "p:1:1: missing key 'liters' in the plant: a number from 0 to 1"),
            ("water: can\nliters: 0.25", "p:4:9: no such can"),
        ])
    func errors(line: String, expected: String) {
        #expect(message(Self.short + line) == expected)
    }

    @Test("a key of another choice is refused, unless it is none")
    func others() throws {
        #expect(
            message(Self.short + "liters: 1")
                == "p:3:1: liters means nothing to rain; remove it, or set it to none")
        #expect(
            message(Self.short + "water: can\nliters: 1\nmist: true")
                == "p:5:1: mist means something to hose only; remove it, or set it to none")
        #expect(try plant(Self.short + "liters: none\nmist: ~").water == .rain)
    }

    @Test("the documentation has every key, with what may stand for it")
    func documentation() {
        #expect(
            Plant.descriptions.markdown(under: "plant") == """
                | key | value | default | meaning |
                |---|---|---|---|
                | `name` | a name of letters, digits, '.', '_' and '-' | required | what it is called |
                | `leaves` | a whole number from 1 to 9 | `4` | how many leaves it has |
                | `height` | a number from 0 to 1, or none | none | height, meters |
                | `green` | true or false | `true` | its color |
                | `soil` | [a mapping](#plantsoil) | required | what it stands in |
                | `pot` | [a mapping or none](#plantpot) | none | what holds it |
                | `water` | one of rain, can, hose | `rain` | where water comes from |
                | `liters` | a number from 0 to 1 | required | with `can`, `hose`: water a day, liters |
                | `mist` | true or false | `false` | with `hose`: whether it sprays |

                ## plant.soil

                What it stands in.

                | key | value | default | meaning |
                |---|---|---|---|
                | `depth` | a number from 0 to 1 | required | depth, meters |
                | `kinds` | a whole number from 1 to 5, or a list of two | `[1, 1]` | its layers |

                ## plant.pot

                What holds it.

                | key | value | default | meaning |
                |---|---|---|---|
                | `size` | a whole number from 1 to 9 | required | width, decimeters |
                """)
    }
}
