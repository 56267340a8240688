import Foundation

/// What a cache saves against a teacher in the loop, which computes in every training what a cache
/// holds once.
///
/// Of V views an epoch, with E epochs of training, C cached ones, and a view's seconds t of the
/// teachers' forward passes, c of building the cache (with rendering), s of a training step (with
/// rendering) and r of reading: n students cost n E V (s + t) with the teacher in the loop and
/// C V c + n E V (s + r) from a cache. Each teacher adds its own t, c and r to both sides.
struct BreakEven: Encodable, Equatable {
    /// Of one student with the teacher in the loop.
    let loopHours: Double
    /// The cache's, then the first student's.
    let firstHours: Double
    /// Of a student from the cache that is there.
    let studentHours: Double
    /// From how many students on, of the recipe's epochs, a cache is cheaper; nil if never.
    let students: Int?
    /// From how many epochs of training on, over the recipe's cached ones, a cache is cheaper for
    /// one student alone; nil if never.
    let epochs: Int?

    private enum CodingKeys: String, CodingKey {
        case students, epochs
        case loopHours = "loop_hours"
        case firstHours = "first_hours"
        case studentHours = "student_hours"
    }

    /// Seconds for each view.
    struct Costs: Equatable {
        /// A training step and the rendering before it.
        let training: Double
        /// Of all teachers, as are the following.
        let forward: Double
        let caching: Double
        let reading: Double
    }

    init(views: Int, epochs training: Int, cached: Int, _ costs: Costs) {
        func hours(_ epochs: Int, _ seconds: Double) -> Double {
            Double(views) * Double(epochs) * seconds / 3600
        }
        loopHours = hours(training, costs.training + costs.forward)
        studentHours = hours(training, costs.training + costs.reading)
        firstHours = hours(cached, costs.caching) + studentHours
        // More than this many epochs of any students together repay the cache.
        let saved = costs.forward - costs.reading
        let bound = saved > 0 ? Double(cached) * costs.caching / saved : .infinity
        func first(above bound: Double) -> Int? { bound < 1e15 ? Int(bound) + 1 : nil }
        students = first(above: bound / Double(training))
        epochs = first(above: bound)
    }

    /// Lines of a plan.
    func lines(teachers: Int) -> [String] {
        let name = teachers == 1 ? "the teacher" : "the teachers"
        let costs = [
            "in the loop      \(loopHours.hourText) for each student, with \(name) in every step",
            "from a cache     \(firstHours.hourText) for the first student, the cache included, "
                + "\(studentHours.hourText) for each further one",
        ]
        guard let students, let epochs else {
            return costs + ["break-even       never: a response is read no faster than computed"]
        }
        return costs + [
            "break-even       a cache is cheaper from "
                + (students == 1 ? "the first student" : "\(students.grouped) students") + " on,",
            "                 or for one student alone from \(epochs.grouped) epochs of training on",
        ]
    }
}

extension Double {
    /// Hours as a plan prints them: `37.2 h`, `14 min`, `3 s`.
    var hourText: String {
        if self >= 1 { return String(format: "%.1f h", self) }
        let isMinutes = self * 60 >= 1
        return String(
            format: isMinutes ? "%.0f min" : "%.0f s", self * (isMinutes ? 60 : 3600))
    }
}
