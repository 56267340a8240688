import Base
import Distillation
import Foundation
import Learning
import Mustache
import ResponseCache

/// The page of a report: what is known of some runs, as the template wants it.
struct ReportPage {
    let title: String
    let runs: [ReportedRun]
    let arms: [Arm]
    let differences: [PairedDifference]
    /// What the networks answer, by the number of the run; empty where that was not asked for.
    let answers: [Int: ClassAnswers]
    let caches: [Cache]
    /// What could not be shown, a line each.
    let problems: [String]

    /// A cache that a run learned from.
    struct Cache {
        let path: String
        let manifest: CacheManifest
        let info: CacheInfo
    }

    /// Most classes that the chart shows, and pairs and their images that a run does.
    private static let (chartedClasses, shownPairs, shownImages) = (30, 8, 5)

    private static let none = "–"

    /// - Throws: `CommandError` if the template is wrong; for an image that cannot be read any more.
    func html() throws -> String {
        let template: MustacheTemplate
        do { template = try MustacheTemplate(string: ReportTemplate.page) } catch {
            throw CommandError("the report's template: \(error)")
        }
        var context: [String: Any] = [
            "title": title, "subtitle": subtitle,
            "footer": "Understudy \(Base.version); the page stands alone and asks for nothing.",
            "problems": problems.map(\.printable),
        ]
        context.merge(runTable()) { $1 }
        context.merge(comparison()) { $1 }
        context.merge(curves()) { $1 }
        context.merge(recipes()) { $1 }
        context.merge(try classes()) { $1 }
        context.merge(cacheTable()) { $1 }
        return template.render(context)
    }

    private var subtitle: String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "yyyy-MM-dd HH:mm zzz"
        return (title == runs.countText ? "" : "\(runs.countText), ") + "as of "
            + formatter.string(from: Date())
    }

    /// The number of the color of a run's arm.
    private func color(of run: ReportedRun) -> Int {
        (arms.firstIndex { $0.runs.contains { $0.path == run.path } } ?? 0) % ReportTemplate.colors
    }

    private func armName(of run: ReportedRun) -> String {
        arms.first { $0.runs.contains { $0.path == run.path } }?.name ?? run.recipe.name.printable
    }
}

// MARK: - Tables

extension ReportPage {
    private static func text(_ value: Double?, _ format: String = "%.2f") -> String {
        value.map { String(format: format, $0) } ?? none
    }

    private static func text(_ estimate: Estimate?, sign: Bool = false) -> String {
        guard let estimate else { return none }
        let mean = String(format: sign ? "%+.2f" : "%.2f", estimate.mean)
        return estimate.error.map { "\(mean) ± " + String(format: "%.2f", $0) } ?? mean
    }

    private static func duration(_ seconds: Double?) -> String {
        guard let seconds else { return none }
        return seconds < 3600
            ? String(format: "%.0f s", seconds) : String(format: "%.1f h", seconds / 3600)
    }

    /// Whether the networks were measured on images that `--data` names.
    private var hasData: Bool { runs.contains { $0.dataTop1 != nil } }

    private func runTable() -> [String: Any] {
        [
            "hasData": hasData,
            "columns": [
                "result, %", "result is",
            ] + (hasData ? ["on --data, %"] : []) + [
                "average, %", "EMA, %", "raw, %", "images/s", "waiting, %", "time",
            ],
            "runs": runs.map { run -> [String: Any] in
                let last = run.epochs.last
                return [
                    "color": color(of: run), "arm": armName(of: run), "label": run.label,
                    "seed": "\(run.recipe.seed)", "state": run.state,
                    "cells": [
                        Self.text(run.result?["top1"]), run.resultName ?? Self.none,
                    ] + (hasData ? [Self.text(run.dataTop1)] : []) + [
                        Self.text(run.averageTop1),
                        Self.text(last?["top1"]), Self.text(last?["raw_top1"]),
                        Self.text(
                            run.result?["images_per_second"] ?? last?["images_per_second"], "%.1f"),
                        Self.text(last?["data_wait"].map { 100 * $0 }, "%.1f"),
                        Self.duration(run.result?["seconds"] ?? last?["seconds"]),
                    ],
                ]
            },
        ]
    }

    private func comparison() -> [String: Any] {
        func seeds(_ seeds: [UInt64]) -> String { seeds.map { "\($0)" }.joined(separator: ", ") }
        return [
            "compared": runs.count > 1,
            "paired": !differences.isEmpty,
            "arms": arms.enumerated().map { index, arm -> [String: Any] in
                [
                    "color": index % ReportTemplate.colors, "name": arm.name,
                    "count": arm.runs.count, "seeds": seeds(arm.seeds),
                    "result": Self.text(Estimate(arm.runs.compactMap { $0.result?["top1"] })),
                    "validated": Self.text(
                        Estimate(arm.runs.compactMap { $0.epochs.last?["top1"] })),
                    "data": Self.text(Estimate(arm.runs.compactMap(\.dataTop1))),
                ]
            },
            "differences": differences.map { difference -> [String: Any] in
                let estimate = difference.estimate
                let errors = estimate.error.flatMap { $0 > 0 ? estimate.mean / $0 : nil }
                return [
                    "arm": difference.arm, "base": difference.base,
                    "measure": difference.measure.title,
                    "gain": Self.text(estimate, sign: true), "errors": Self.text(errors, "%+.1f"),
                    "count": estimate.count, "seeds": seeds(difference.seeds),
                ]
            },
        ]
    }

    private func recipes() -> [String: Any] {
        let all = arms.flatMap { $0.values.map(\.path) }
        var seen: Set<String> = []
        let paths = all.filter { seen.insert($0).inserted }
        let tables = arms.map { arm in
            Dictionary(arm.values.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
        }
        let rows = paths.compactMap { path -> [String: Any]? in
            let values = tables.map { $0[path] }
            guard Set(values).count > 1 else { return nil }
            return ["key": path, "values": values.map { $0?.printable ?? Self.none }]
        }
        return [
            "hasDifferences": !rows.isEmpty,
            "noDifferences": runs.count == 1
                ? "One run; with several, the keys in which their recipes differ stand here."
                : "The recipes are the same but for their seeds.",
            "armNames": arms.map(\.name),
            "recipeDifferences": rows,
            "recipes": arms.compactMap { arm in
                arm.runs.first.map {
                    ["name": arm.name, "yaml": $0.recipe.resolvedYAML.printableLines]
                }
            },
        ]
    }

    private func cacheTable() -> [String: Any] {
        [
            "hasCaches": !caches.isEmpty,
            "caches": caches.map { cache -> [String: Any] in
                let (info, manifest) = (cache.info, cache.manifest)
                return [
                    "path": cache.path.printable, "teacher": manifest.teacher.printable,
                    "encoding": "\(manifest.encoding)",
                    "responses": "\(info.responses.grouped) of \(info.responsesInAll.grouped)",
                    "epochs": "\(info.completeEpochs) of \(manifest.epochs)",
                    "size": info.bytes.byteText,
                    "perResponse": Self.text(info.bytesPerResponse, "%.1f"),
                    "mean": Self.text(info.meanKL, "%.5f"),
                    "largest": Self.text(info.maxKL, "%.5f"),
                    "entries": Self.text(info.meanEntries, "%.1f"),
                ]
            },
        ]
    }
}

// MARK: - Charts

extension ReportPage {
    private func series(
        _ what: String, _ style: LineChart.Style = .solid,
        _ curve: (ReportedRun) -> [LineChart.Point]
    ) -> [LineChart.Series] {
        runs.map { run in
            LineChart.Series(
                title: "\(armName(of: run)), \(run.label): \(what)", color: color(of: run),
                style: style, points: curve(run))
        }
    }

    private func curves() -> [String: Any] {
        let top1 =
            series("EMA") { $0.curve("top1") } + series("raw", .dashed) { $0.curve("raw_top1") }
            + series("average", .marks) { run in
                run.averageTop1.map { [LineChart.Point(x: Double(run.epochsDone), y: $0)] } ?? []
            }
        var charts = [
            (
                LineChart(
                    title: "Top-1 accuracy", unit: "% of the validation images", series: top1,
                    bounds: 0...100),
                "solid: moving average (EMA); dashed: trained network (raw); diamond: average of "
                    + "the best"
            )
        ]
        for name in Loss.allNames {
            charts.append(
                (
                    LineChart(
                        title: name == Loss.total ? "Loss" : "Loss term \(name)",
                        unit: "nats, mean over the epoch",
                        series: series(name) { $0.lossCurve(name) }),
                    name == Loss.total && Set(arms.map(\.lossWeights)).count > 1
                        ? "the recipes weigh its terms differently: compare the terms, not their sum"
                        : ""
                ))
        }
        charts += [
            (
                LineChart(
                    title: "Learning rate", unit: "at the epoch's end",
                    series: series("learning rate") { $0.curve("lr") }), ""
            ),
            (
                LineChart(
                    title: "EMA decay", unit: "a step, at the epoch's end",
                    series: series("decay") { $0.decayCurve }, bounds: 0...1), ""
            ),
            (
                LineChart(
                    title: "Throughput", unit: "training images/s",
                    series: series("throughput") { $0.curve("images_per_second") },
                    bounds: 0 ... .infinity), ""
            ),
            (
                LineChart(
                    title: "Waiting for data", unit: "% of the steps' time",
                    series: series("waiting") { run in
                        run.curve("data_wait").map { .init(x: $0.x, y: 100 * $0.y) }
                    }, bounds: 0...100), ""
            ),
        ]
        return [
            "hasCurves": runs.contains { !$0.epochs.isEmpty },
            "legend": arms.enumerated().map { index, arm in
                [
                    "color": index % ReportTemplate.colors,
                    "name": arm.runs.count == 1
                        ? "\(arm.name) (\(arm.runs[0].label))"
                        : "\(arm.name) (\(arm.runs.count) runs)",
                ] as [String: Any]
            },
            "charts": charts.filter { !$0.0.isEmpty }.map { chart, note in
                var context: [String: Any] = [
                    "title": chart.title, "unit": chart.unit, "svg": chart.svg,
                ]
                if !note.isEmpty { context["note"] = note }
                return context
            },
        ]
    }

    private func classes() throws -> [String: Any] {
        let answered = answers.sorted { $0.key < $1.key }
        guard let classes = answered.first?.value.dataset.classes else {
            return ["answered": false]
        }
        // Runs of other classes than the first's have tables of their own in reports of their own.
        let alike = answered.filter { $0.value.dataset.classes == classes }
        let means = classes.indices.map { label in
            Estimate(alike.compactMap { $0.value.accuracy(ofClass: label) })?.mean
        }
        let order = classes.indices.filter { means[$0] != nil }
            .sorted { (means[$0] ?? 0, $0) < (means[$1] ?? 0, $1) }
        let rows = order.prefix(Self.chartedClasses).map { label in
            ClassChart.Row(
                name: classes[label].printable,
                values: alike.compactMap { number, answers in
                    answers.accuracy(ofClass: label).map { value in
                        (
                            color: color(of: runs[number]),
                            title: "\(classes[label]), \(runs[number].label): "
                                + Self.text(value) + " %",
                            value: value
                        )
                    }
                })
        }
        return [
            "answered": true,
            "classTitle": "Accuracy by class, "
                + (order.count > rows.count ? "the \(rows.count) worst" : "worst first"),
            "classNote": "top-1 within each class; measured of "
                + alike.map { "\(runs[$0.key].label)'s \($0.value.weights)" }
                .joined(separator: ", "),
            "classChart": ClassChart(rows: Array(rows)).svg,
            "answeredRuns": alike.map { runs[$0.key].label },
            "classRows": order.map { label -> [String: Any] in
                [
                    "name": classes[label].printable,
                    "images": "\(alike.first?.value.counts[label] ?? 0)",
                    "values": alike.map { Self.text($0.value.accuracy(ofClass: label)) },
                ]
            },
            "confusions": try answered.enumerated().map { place, one -> [String: Any] in
                [
                    "open": place == 0 ? " open=\"open\"" : "", "color": color(of: runs[one.key]),
                    "run": "\(armName(of: runs[one.key])), \(runs[one.key].label)",
                    "pairs": try one.value.confusions.prefix(Self.shownPairs).map {
                        try pair($0, of: one.value)
                    },
                ]
            },
        ]
    }

    private func pair(
        _ confusion: ClassAnswers.Confusion, of answers: ClassAnswers
    ) throws -> [String: Any] {
        let classes = answers.dataset.classes
        let (label, answer) = (
            classes[confusion.label].printable, classes[confusion.answer].printable
        )
        let images = answers.counts[confusion.label]
        return [
            "label": label, "answer": answer,
            "count": "\(confusion.images.count) of \(images) images",
            "images": try confusion.images.prefix(Self.shownImages).map { index -> [String: Any] in
                let thumbnail = try Thumbnail(answers.dataset.image(index))
                return [
                    "source": thumbnail.address, "enlarged": thumbnail.isEnlarged,
                    "alt": "\(label) taken for \(answer)",
                ]
            },
        ]
    }
}
