import Learning
import StrictYAML

extension Recipe {
    /// The terms of the loss, each a key: its weight or, where it has constants of its own, a mapping
    /// of the weight and these.
    package struct Loss: Section, Equatable {
        /// Every kind of term, with weight 0 where it is off.
        package var terms: [Learning.Loss.Weighted]

        package static var initial: Self {
            Self(
                terms: kinds.map { kind in
                    let published = Learning.Loss.published.terms.first {
                        type(of: $0.term) == kind
                    }
                    return published ?? .init(standard(of: kind), weight: 0)
                })
        }

        package static let keys: [Key<Self>] = kinds.map { key(of: $0) }

        /// In the order of the keys: what compares with a teacher comes first.
        private static var kinds: [any LossTerm.Type] {
            Learning.Loss.kinds.filter { $0.needsTeacher }
                + Learning.Loss.kinds.filter { !$0.needsTeacher }
        }

        /// Checks that something is learned.
        ///
        /// - Parameter advice: what is to be set so that it is.
        func check(_ file: SectionReader, advice: String) throws(YAMLError) {
            guard terms.allSatisfy({ $0.weight == 0 }) else { return }
            let names = Self.kinds.filter { $0.isAlwaysTold }.map { "loss.\($0.name)" }
            throw file.error(
                "loss.\(Self.kinds[0].name)",
                "\(names.joined(separator: " and ")) are both 0: nothing would be learnt; set "
                    + advice)
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.entries() == right.entries()
        }
    }
}

extension Recipe.Loss {
    /// The terms that compare with a teacher.
    package var teacherTerms: [Learning.Loss.Weighted] {
        terms.filter { type(of: $0.term).needsTeacher }
    }

    /// Whether responses of a teacher count.
    package var needsTeacher: Bool { teacherTerms.contains { $0.weight > 0 } }

    /// The weights of the terms that compare with a teacher, as they are in the recipe:
    /// `loss.kl 0.8`. Those that are off are told where all are.
    package var teacherText: String {
        let on = teacherTerms.filter { $0.weight > 0 }
        return (on.isEmpty ? teacherTerms.prefix(1) : on[...])
            .map { "loss.\(type(of: $0.term).name) \($0.weight)" }.joined(separator: ", ")
    }

    private static func standard<Term: LossTerm>(of kind: Term.Type) -> any LossTerm {
        Term.initial
    }

    /// The key of a term.
    private static func key<Term: LossTerm>(of kind: Term.Type) -> Key<Self> {
        let form = Form<Double>.number(in: .nonNegative)
        return Key(
            Term.name,
            expected: Term.keys.isEmpty
                ? form.title : "\(form.title), or a mapping with its weight",
            read: { (section, loss) throws(YAMLError) in
                guard section.has(Term.name) else { return }
                let read: Learning.Loss.Weighted
                if !Term.keys.isEmpty, section.holdsMapping(Term.name) {
                    let own = try section.section(Term.name, known: ["weight"] + Term.known)
                    read = .init(try Term(own), weight: try own.value("weight", form))
                } else {
                    read = .init(Term.initial, weight: try section.value(Term.name, form))
                }
                loss.set(read)
            },
            write: { loss in
                guard let term = loss.terms.first(where: { $0.term is Term }) else { return nil }
                let weight = form.write(term.weight)
                guard let own = term.term as? Term, !Term.keys.isEmpty, own != .initial else {
                    return .text(weight)
                }
                return .flow([.init("weight", .text(weight))] + own.entries())
            },
            hasDefault: true, section: Term.descriptions,
            "the weight of \(Term.summary)")
    }

    /// The weight of a kind of term.
    subscript<Term: LossTerm>(kind: Term.Type) -> Double {
        get { terms.first { $0.term is Term }?.weight ?? 0 }
        set {
            for index in terms.indices where terms[index].term is Term {
                terms[index].weight = newValue
            }
        }
    }

    private mutating func set(_ new: Learning.Loss.Weighted) {
        for index in terms.indices where type(of: terms[index].term) == type(of: new.term) {
            terms[index] = new
        }
    }
}
