import Models
import StrictYAML

extension TeacherCard {
    /// Several teachers that see the same images and whose probabilities are averaged into one
    /// response.
    ///
    /// In a cache their mean is one row. Where each is to have a cache of its own, or sees images of
    /// another size, a recipe names them as its `teachers`.
    package struct Ensemble: Sendable, Equatable {
        static let kind = "ensemble"

        /// At least two.
        package let members: [Member]

        package struct Member: Sendable, Equatable {
            package let card: TeacherCard
            /// The card's file, absolute.
            let path: String
            /// Above 0, as the card has it.
            fileprivate let weight: Double
            /// Its part of the sum of all weights.
            package let share: Double
        }

        /// The names of the classes, of the first member that says them.
        var classNames: [String]? {
            members.lazy.compactMap(\.card.classNames).first
        }

        /// Reads the list `members` of an ensemble's card, and the members' cards.
        ///
        /// - Parameter classes: those of the ensemble's outputs; members that say names have to say
        ///   these, in this order.
        init(_ file: SectionReader, classes: TeacherClasses) throws(YAMLError) {
            let sections = try file.optionalSections("members", atLeast: 2, known: Entry.known)
            guard let sections else {
                throw file.error(
                    "members",
                    "members: expected a list of at least 2 mappings {card: FILE, weight: W}")
            }
            var entries: [Entry] = []
            for section in sections { entries.append(try Entry(section)) }
            let sum = entries.reduce(0) { $0 + $1.weight }
            var names = classes.names
            var members: [Member] = []
            for (section, entry) in zip(sections, entries) {
                let card = try Self.card(entry.card, section, classes: classes.count)
                try Self.compare(card, to: names, section)
                names = names ?? card.classNames
                let share = entry.weight / sum
                guard share > 0 else {
                    throw section.error(
                        "weight",
                        "\(section.dotted("weight")) vanishes beside the others; leave this member out"
                    )
                }
                members.append(
                    Member(card: card, path: entry.card, weight: entry.weight, share: share))
            }
            let sizes = members.compactMap { $0.card.preprocessing?.size }
            if let other = sizes.firstIndex(where: { $0 != sizes[0] }) {
                throw sections[other].error(
                    "card",
                    "\(members[other].card.name) takes images of \(sizes[other]) pixels, "
                        + "\(members[0].card.name) of \(sizes[0]); name them as a recipe's "
                        + "teachers, each with a cache of its own")
            }
            self.members = members
        }

        /// A member as the card lists it.
        private struct Entry: Section {
            var card = ""
            var weight = 1.0

            static let initial = Self()
            static let keys: [Key<Self>] = [
                Key("card", \.card, .path, "the member's card"),
                // The bound keeps the sum of several finite.
                Key(
                    "weight", \.weight, .number(in: .above(0, to: 1e6)), hasDefault: true,
                    "its share of the mean; the weights are divided by their sum"),
            ]
        }

        private static func card(
            _ path: String, _ section: SectionReader, classes: Int
        ) throws(YAMLError) -> TeacherCard {
            let card: TeacherCard
            do { card = try TeacherCard(ofMember: path) } catch let error as YAMLError {
                throw error
            } catch {
                throw section.error("card", "\(error)")
            }
            if case .responses = card.subject {
                throw section.error(
                    "card", "\(card.name) is of responses, and cannot be run beside the others")
            }
            guard card.classes == classes else {
                throw section.error(
                    "card",
                    "\(card.name) tells \(card.classes) classes apart, the ensemble \(classes)")
            }
            return card
        }

        /// Refuses a member whose classes have other names than those before it, or another order.
        private static func compare(
            _ card: TeacherCard, to names: [String]?, _ section: SectionReader
        ) throws(YAMLError) {
            guard let names, let own = card.classNames,
                let other = names.indices.first(where: { own[$0] != names[$0] })
            else { return }
            throw section.error(
                "card",
                "\(card.name): class \(other) is \(own[other].quoted), of the ensemble "
                    + "\(names[other].quoted); bring its outputs into order by a class_map")
        }

        var fingerprintLine: String {
            let parts = members.map { member in
                let card = member.card
                let images = card.preprocessing.map { "mean=\($0.mean) std=\($0.std)" } ?? ""
                let map = card.classMap.map { " class_map=\($0)" } ?? ""
                return
                    "\(YAMLText.scalar(member.share)) * {\(card.fingerprintLine) \(images)\(map)}"
            }
            return "\(Self.kind) \(parts.joined(separator: " + "))"
        }

        /// The list as it is written.
        var list: YAMLValue {
            .list(
                members.map { member in
                    Entry(card: member.path, weight: member.weight).entries()
                })
        }
    }
}
