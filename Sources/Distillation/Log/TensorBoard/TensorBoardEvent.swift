import Base

/// One event of TensorBoard, as the bytes of a record.
///
/// Field numbers are those of TensorBoard's `event.proto`, `summary.proto`, `tensor.proto`,
/// `histogram.proto` and the `hparams` plug-in's `plugin_data.proto`, version 2.21.
struct TensorBoardEvent {
    private enum Field {
        static let (wallTime, step, fileVersion, summary, sessionLog) = (1, 2, 3, 5, 7)
    }

    private(set) var message = WireMessage()

    /// - Parameters:
    ///   - time: seconds since 1970.
    ///   - step: optimizer steps taken.
    private init(time: Double, step: Int) {
        message.double(Field.wallTime, time)
        if step != 0 { message.integer(Field.step, step) }
    }

    /// The first event of every file.
    static func version(time: Double) -> TensorBoardEvent {
        var event = TensorBoardEvent(time: time, step: 0)
        event.message.text(Field.fileVersion, "brain.Event:2")
        return event
    }

    /// Tells readers to forget what earlier files say of this step and later ones.
    ///
    /// Source: `_CheckForRestartAndMaybePurge` of TensorBoard's `event_accumulator.py`.
    static func restart(time: Double, step: Int) -> TensorBoardEvent {
        var event = TensorBoardEvent(time: time, step: step)
        var log = WireMessage()
        log.integer(1, 1)  // status: START
        event.message.message(Field.sessionLog, log)
        return event
    }

    /// What is shown of a step.
    static func summary(time: Double, step: Int, _ values: [SummaryValue]) -> TensorBoardEvent {
        var event = TensorBoardEvent(time: time, step: step)
        var summary = WireMessage()
        for value in values { summary.message(1, value.message) }
        event.message.message(Field.summary, summary)
        return event
    }
}

/// A value under a tag. Scalars, pictures and histograms are of the first generation, which every
/// reader still takes; the others are tensors with the name of their plug-in.
struct SummaryValue {
    private enum Field {
        static let (tag, scalar, picture, histogram, tensor, metadata) = (1, 2, 4, 5, 8, 9)
    }

    private(set) var message = WireMessage()

    private init(_ tag: String) { message.text(Field.tag, tag) }

    static func scalar(_ tag: String, _ value: Double) -> SummaryValue {
        var summary = SummaryValue(tag)
        summary.message.float(Field.scalar, Float(value))
        return summary
    }

    /// - Parameter png: the bytes of its file.
    static func picture(_ tag: String, png: [UInt8], width: Int, height: Int) -> SummaryValue {
        var summary = SummaryValue(tag)
        var picture = WireMessage()
        picture.integer(1, height)
        picture.integer(2, width)
        picture.integer(3, 3)  // colorspace: RGB
        picture.content(4, png)
        summary.message.message(Field.picture, picture)
        return summary
    }

    static func histogram(_ tag: String, _ histogram: WeightHistogram) -> SummaryValue {
        var summary = SummaryValue(tag)
        var message = WireMessage()
        message.double(1, histogram.least)
        message.double(2, histogram.greatest)
        message.double(3, Double(histogram.count))
        message.double(4, histogram.sum)
        message.double(5, histogram.sumOfSquares)
        message.doubles(6, histogram.limits)
        message.doubles(7, histogram.counts.map(Double.init))
        summary.message.message(Field.histogram, message)
        return summary
    }

    /// A text, which TensorBoard reads as Markdown.
    static func text(_ tag: String, _ text: String) -> SummaryValue {
        var tensor = WireMessage()
        tensor.integer(1, DataType.string)
        tensor.message(2, WireMessage())  // shape: of a scalar
        tensor.text(8, text)
        return plugged(tag, "text", content: nil, tensor)
    }

    /// The hyperparameters of the run that begins; TensorBoard takes its folder for a session.
    static func sessionStart(
        _ values: [(name: String, value: HyperparameterValue)], time: Double
    ) -> SummaryValue {
        var start = WireMessage()
        for (name, value) in values {
            var entry = WireMessage()
            entry.text(1, name)
            entry.message(2, value.message)
            start.message(1, entry)
        }
        start.double(5, time)
        return session("session_start_info", field: 3, start)
    }

    /// The end of a run that came to it.
    static func sessionEnd(time: Double) -> SummaryValue {
        var end = WireMessage()
        end.integer(1, 1)  // status: SUCCESS
        end.double(2, time)
        return session("session_end_info", field: 4, end)
    }

    private static func session(
        _ name: String, field: Int, _ info: WireMessage
    ) -> SummaryValue {
        // Version 0 of the plug-in's data is not written: it is the default.
        var data = WireMessage()
        data.message(field, info)
        var empty = WireMessage()
        empty.integer(1, DataType.float)
        var shape = WireMessage()
        shape.message(2, WireMessage())  // one dimension, of the default length 0
        empty.message(2, shape)
        return plugged("_hparams_/\(name)", "hparams", content: data, empty)
    }

    private static func plugged(
        _ tag: String, _ plugin: String, content: WireMessage?, _ tensor: WireMessage
    ) -> SummaryValue {
        var data = WireMessage()
        data.text(1, plugin)
        if let content { data.message(2, content) }
        var metadata = WireMessage()
        metadata.message(1, data)
        metadata.integer(4, 2)  // data_class: TENSOR
        var summary = SummaryValue(tag)
        summary.message.message(Field.tensor, tensor)
        summary.message.message(Field.metadata, metadata)
        return summary
    }

    /// Of TensorBoard's `types.proto`.
    private enum DataType {
        static let (float, string) = (1, 7)
    }
}

/// A value that TensorBoard's hparams know: a `google.protobuf.Value` of three kinds.
enum HyperparameterValue: Equatable {
    case number(Double)
    case text(String)
    case truth(Bool)

    /// The value that a scalar of YAML stands for.
    init(yaml text: String) {
        self =
            switch text {
            case "true": .truth(true)
            case "false": .truth(false)
            default:
                if let number = Double(text), number.isFinite {
                    .number(number)
                } else if text.count > 1, text.hasPrefix("\""), text.hasSuffix("\"") {
                    .text(String(text.dropFirst().dropLast()))
                } else {
                    .text(text)
                }
            }
    }

    fileprivate var message: WireMessage {
        var message = WireMessage()
        switch self {
        case .number(let number): message.double(2, number)
        case .text(let text): message.text(3, text)
        case .truth(let truth): message.integer(4, truth ? 1 : 0)
        }
        return message
    }
}
