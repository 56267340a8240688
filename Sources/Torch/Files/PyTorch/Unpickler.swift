import Base
import Glibc

/// Interprets a pickle as far as `torch.save` uses the format, and runs nothing of it.
///
/// A pickle is a program for a machine with a stack. Python's machine looks up whatever function the
/// program names, and calls it. This one knows the names of `PickleGlobal`; a value of any other name,
/// and what comes of calling it, is the name itself. It has no recursion, and what it keeps is bounded by
/// the pickle's length.
///
/// Source: CPython, Lib/pickletools.py; PyTorch, torch/_weights_only_unpickler.py and
/// torch/serialization.py.
struct Unpickler {
    /// Bytes of a pickle; that of a network of a thousand tensors has 200 kB.
    static let sizeLimit = 64 << 20
    /// Bytes of a storage's name; PyTorch's are numbers.
    private static let keyLimit = 256
    /// For how many bytes of a text that is copied a value is counted: about a value's own.
    private static let copiedBytes = 16
    /// The same of a text that is recalled, which is kept once, but read whenever it is a key.
    private static let recalledBytes = 64

    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int
    private var stack: [PickleValue] = []
    /// Where on the stack the marks lie.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var object = PickledObject()
    /// Where the pickle begins.
    private let start: Int
    /// How many values containers have taken.
    private var taken = 0
    /// For how many bytes of the pickle there is memory.
    private var provided = 1 << 20

    /// Reads the pickle that begins at a position.
    ///
    /// - Throws: `WeightsProblem` for what ends too early, is longer than `sizeLimit`, or is none of
    ///   `torch.save`'s.
    static func read(
        _ bytes: UnsafeRawBufferPointer, from start: Int = 0
    ) throws(WeightsProblem) -> PickledObject {
        var unpickler = Unpickler(bytes, from: start)
        while try unpickler.step() { try unpickler.provide() }
        unpickler.object.end = unpickler.position
        return unpickler.object
    }

    /// Whether a file begins as pickles do: with the operation that says the protocol, which is 2 for
    /// PyTorch.
    static func isPickle(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 2 && bytes[0] == PickleOpcode.proto.rawValue && (2...5).contains(bytes[1])
    }

    private init(_ bytes: UnsafeRawBufferPointer, from start: Int) {
        self.bytes = bytes
        self.start = start
        position = start
        end = min(bytes.count, start + Self.sizeLimit)
    }

    /// Sees to memory as the pickle goes on: a value takes some times its bytes, on the stack, in the
    /// memo and in a container.
    private mutating func provide() throws(WeightsProblem) {
        guard position - start > provided else { return }
        provided *= 2
        guard SystemMemory.canAllocate(64 * provided) else {
            throw WeightsProblem(message: "no memory for its pickle", code: ENOMEM)
        }
    }

    /// Does one operation.
    ///
    /// - Returns: whether there is another one.
    private mutating func step() throws(WeightsProblem) -> Bool {
        let code = try byte()
        guard let operation = PickleOpcode(rawValue: code) else {
            throw problem("has the operation \(code), which torch.save does not write")
        }
        switch operation {
        case .stop:
            object.root = try pop()
            return false
        case .proto:
            let version = try byte()
            guard version <= 5 else {
                throw problem("is of protocol \(version), which is not read")
            }
        case .frame: _ = try take(8)
        case .mark: marks.append(stack.count)
        case .pop:
            // A mark lies above the values that were there before it.
            if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
        case .popMark: _ = try popToMark()
        case .dup:
            guard let top = stack.last else { throw problem("has too little on its stack") }
            try recall(top)
        case .none, .newTrue, .newFalse, .int, .binInt, .binInt1, .binInt2, .long1, .long4,
            .binFloat, .binString, .shortBinString, .binUnicode, .shortBinUnicode, .binUnicode8,
            .binBytes, .shortBinBytes, .binBytes8:
            stack.append(try scalar(operation))
        case .emptyTuple, .emptyList, .emptyDict, .emptySet, .tuple, .tuple1, .tuple2, .tuple3,
            .frozenSet, .append, .appends, .addItems, .setItem, .setItems:
            try container(operation)
        case .binGet, .longBinGet, .binPut, .longBinPut, .memoize: try remember(operation)
        case .global, .stackGlobal, .reduce, .newObj, .newObjEx, .build, .binPersID:
            try call(operation)
        }
        return true
    }
}

// MARK: - Bytes and the stack

extension Unpickler {
    private func problem(_ what: String) -> WeightsProblem {
        WeightsProblem(message: "its pickle \(what), at byte \(position): damaged or hostile")
    }

    /// What is wrong where there are not as many bytes as are asked for.
    private var shortage: WeightsProblem {
        guard end == bytes.count else {
            return WeightsProblem(message: "its pickle is longer than \(Self.sizeLimit) bytes")
        }
        return WeightsProblem(
            message: "its pickle ends too early, at byte \(position): truncated, or hostile")
    }

    private mutating func byte() throws(WeightsProblem) -> UInt8 { try take(1)[0] }

    private mutating func take(_ count: Int) throws(WeightsProblem) -> UnsafeRawBufferPointer {
        guard count <= end - position else { throw shortage }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// A number of some bytes, the least first.
    private mutating func number(_ count: Int) throws(WeightsProblem) -> UInt64 {
        try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A length of some bytes, which must be there.
    private mutating func length(_ count: Int) throws(WeightsProblem) -> Int {
        guard let length = Int(exactly: try number(count)) else {
            throw problem("has a length beyond 64 bits")
        }
        return length
    }

    /// A text up to the end of its line.
    private mutating func line() throws(WeightsProblem) -> String {
        let rest = bytes[position..<end]
        guard let newline = rest.firstIndex(of: UInt8(ascii: "\n")) else { throw shortage }
        let text = String(decoding: rest[..<newline], as: UTF8.self)
        position = newline + 1
        return text
    }

    private mutating func pop() throws(WeightsProblem) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
            throw problem("has too little on its stack")
        }
        return value
    }

    private mutating func popToMark() throws(WeightsProblem) -> [PickleValue] {
        guard let mark = marks.popLast(), mark <= stack.count else {
            throw problem("has too little on its stack")
        }
        let values = Array(stack[mark...])
        stack.removeLast(values.count)
        return values
    }

    private mutating func remember(_ operation: PickleOpcode) throws(WeightsProblem) {
        switch operation {
        case .binGet, .longBinGet:
            let place = try length(operation == .binGet ? 1 : 4)
            guard let value = memo[place] else {
                throw problem("recalls value \(place), which it never kept")
            }
            try recall(value)
        default:
            guard let top = stack.last else { throw problem("has too little on its stack") }
            let place =
                switch operation {
                case .memoize: memo.count
                case .binPut: try length(1)
                default: try length(4)
                }
            memo[place] = top
        }
    }

    /// Puts a value on the stack that was there before.
    private mutating func recall(_ value: PickleValue) throws(WeightsProblem) {
        if case .text(let text) = value { try takeRoom(text.utf8.count / Self.recalledBytes) }
        stack.append(value)
    }
}

// MARK: - Values

extension Unpickler {
    private mutating func scalar(_ operation: PickleOpcode) throws(WeightsProblem) -> PickleValue {
        switch operation {
        case .newTrue: return .flag(true)
        case .newFalse: return .flag(false)
        case .int:
            guard let value = Int(try line()) else { throw problem("has a number that is none") }
            return .integer(value)
        case .binInt: return .integer(Int(Int32(truncatingIfNeeded: try number(4))))
        case .binInt1: return .integer(Int(try byte()))
        case .binInt2: return .integer(try length(2))
        case .long1: return integer(try take(length(1)))
        case .long4: return integer(try take(length(4)))
        case .binFloat:
            // The only number with its greatest byte first.
            return .number(
                Double(bitPattern: try take(8).reduce(0) { $0 << 8 | UInt64($1) }))
        case .shortBinString, .shortBinUnicode: return try text(1)
        case .binString, .binUnicode: return try text(4)
        case .binUnicode8: return try text(8)
        case .shortBinBytes: return try passedOver(1)
        case .binBytes: return try passedOver(4)
        case .binBytes8: return try passedOver(8)
        default: return .none
        }
    }

    private mutating func text(_ size: Int) throws(WeightsProblem) -> PickleValue {
        .text(String(decoding: try take(length(size)), as: UTF8.self))
    }

    private mutating func passedOver(_ size: Int) throws(WeightsProblem) -> PickleValue {
        _ = try take(length(size))
        return .bytes
    }

    private func integer(_ digits: UnsafeRawBufferPointer) -> PickleValue {
        guard digits.count <= 8 else { return .largeInteger(Array(digits)) }
        let isNegative = digits.last.map { $0 >= 0x80 } ?? false
        return .integer(
            Int(
                truncatingIfNeeded: digits.reversed().reduce(isNegative ? UInt64.max : 0) {
                    $0 << 8 | UInt64($1)
                }))
    }

    // MARK: Containers

    private mutating func make(
        _ kind: PickleContainer.Kind, _ items: some Collection<PickleValue> = []
    ) throws(WeightsProblem) {
        try takeRoom(items.count + 1)
        object.containers.append(PickleContainer(kind: kind, items: Array(items)))
        stack.append(.container(object.containers.count - 1))
    }

    /// Counts what containers take, and texts that are there again. Without copies there is a byte of
    /// the pickle behind each value; one that copies its values over and over was made to fill the
    /// memory, or to be at work for ever.
    private mutating func takeRoom(_ count: Int) throws(WeightsProblem) {
        taken += count
        guard taken <= 2 * (position - start) + 64 else {
            throw problem("copies its values over and over")
        }
    }

    private mutating func container(_ operation: PickleOpcode) throws(WeightsProblem) {
        switch operation {
        case .emptyTuple: try make(.tuple)
        case .emptyList: try make(.list)
        case .emptyDict: try make(.dictionary)
        case .emptySet: try make(.set)
        case .tuple: try make(.tuple, popToMark())
        case .frozenSet: try make(.set, popToMark())
        case .tuple1: try make(.tuple, [try pop()])
        case .tuple2:
            let second = try pop()
            try make(.tuple, [try pop(), second])
        case .tuple3:
            let (third, second) = (try pop(), try pop())
            try make(.tuple, [try pop(), second, third])
        case .append: try add([try pop()], to: .list)
        case .appends: try add(popToMark(), to: .list)
        case .addItems: try add(popToMark(), to: .set)
        case .setItem:
            let value = try pop()
            try add([try pop(), value], to: .dictionary)
        default: try add(popToMark(), to: .dictionary)
        }
    }

    /// Adds to the container on top of the stack. To a value of an unknown class nothing is added.
    private mutating func add(
        _ items: some Collection<PickleValue>, to kind: PickleContainer.Kind
    ) throws(WeightsProblem) {
        if kind == .dictionary, items.count % 2 != 0 {
            throw problem("has a key without a value")
        }
        switch stack.last {
        case .foreign: return
        case .container(let index) where object.containers[index].kind == kind:
            try takeRoom(items.count)
            object.containers[index].items.append(contentsOf: items)
        default: throw problem("adds to what is no container")
        }
    }
}

// MARK: - What Python would call

extension Unpickler {
    private mutating func call(_ operation: PickleOpcode) throws(WeightsProblem) {
        switch operation {
        case .global:
            let module = try line()
            stack.append(try global(module, line()))
        case .stackGlobal:
            guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
                throw problem("names a function by what is no text")
            }
            stack.append(try global(module, name))
        case .reduce, .newObj:
            let arguments = try pop()
            stack.append(try result(of: pop(), arguments))
        case .newObjEx:
            _ = try pop()
            let arguments = try pop()
            stack.append(try result(of: pop(), arguments))
        case .build:
            // Attributes: no tensor depends on them.
            _ = try pop()
            guard !stack.isEmpty else { throw problem("has too little on its stack") }
        default: stack.append(try persistent(pop()))
        }
    }

    private mutating func global(
        _ module: String, _ name: String
    ) throws(WeightsProblem) -> PickleValue {
        if let known = PickleGlobal(module: module, name: name) { return .global(known) }
        try takeRoom((module.utf8.count + name.utf8.count) / Self.copiedBytes)
        return .foreign("\(module).\(name)")
    }

    /// What a call makes: of what is unknown, its name.
    private mutating func result(
        of function: PickleValue, _ arguments: PickleValue
    ) throws(WeightsProblem) -> PickleValue {
        switch function {
        case .foreign: return function
        case .global(let global):
            if case .foreign = arguments { return arguments }
            guard let items = object.container(arguments, .tuple)?.items else {
                throw problem("calls a function without a list of arguments")
            }
            return try result(of: global, items)
        default: throw problem("calls what is no function")
        }
    }

    private mutating func result(
        of global: PickleGlobal, _ arguments: [PickleValue]
    ) throws(WeightsProblem) -> PickleValue {
        switch global {
        case .dictionary: return try dictionary(arguments)
        case .sequence:
            guard let first = arguments.first else { return try empty(.tuple) }
            return first
        case .set: return try empty(.set)
        case .bytes: return .bytes
        case .rebuildTensor: return try tensor(arguments)
        case .rebuildParameter:
            switch arguments.first {
            case .tensor, .foreign: return arguments[0]
            default: throw problem("makes a parameter of what is no tensor")
            }
        case .rebuildFromType:
            guard arguments.count > 2, case .global(let inner) = arguments[0],
                inner == .rebuildTensor || inner == .rebuildParameter,
                let items = object.container(arguments[2], .tuple)?.items
            else {
                return foreign(in: arguments) ?? .foreign("torch._tensor._rebuild_from_type_v2")
            }
            return try result(of: inner, items)
        case .storage(let type): return .foreign("torch.\(type.rawValue)")
        }
    }

    private mutating func empty(_ kind: PickleContainer.Kind) throws(WeightsProblem) -> PickleValue
    {
        try make(kind)
        return stack.removeLast()
    }

    /// A dictionary, empty or of a list of pairs, as Python 2 writes them.
    private mutating func dictionary(
        _ arguments: [PickleValue]
    ) throws(WeightsProblem) -> PickleValue {
        var items: [PickleValue] = []
        for pair in arguments.first.flatMap({ object.container($0, .list) })?.items ?? [] {
            guard let pair = object.container(pair, .list, .tuple)?.items, pair.count == 2 else {
                throw problem("makes a dictionary of what are no pairs")
            }
            items += pair
        }
        try make(.dictionary, items)
        return stack.removeLast()
    }

    /// The first argument of an unknown class; of more than a tensor is made of none is looked at.
    private func foreign(in arguments: [PickleValue]) -> PickleValue? {
        arguments.prefix(4).first { if case .foreign = $0 { true } else { false } }
    }

    /// A tensor of its storage, offset, shape and strides; what follows these says nothing of its
    /// elements.
    private mutating func tensor(_ arguments: [PickleValue]) throws(WeightsProblem) -> PickleValue {
        guard arguments.count >= 4 else { throw problem("makes a tensor of too little") }
        if let foreign = foreign(in: arguments) { return foreign }
        guard case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
            let shape = integers(arguments[2]), let strides = integers(arguments[3])
        else { throw problem("makes a tensor of what is no storage, offset, shape and strides") }
        let tensor = try PickledTensor(
            storage: storage, length: object.storages[storage].count, offset: offset, shape: shape,
            strides: strides)
        try takeRoom(2 * shape.count)
        object.tensors.append(tensor)
        return .tensor(object.tensors.count - 1)
    }

    private func integers(_ value: PickleValue) -> [Int]? {
        guard let items = object.container(value, .tuple, .list)?.items,
            items.count <= PickledTensor.rankLimit
        else { return nil }
        let integers = items.compactMap { if case .integer(let value) = $0 { value } else { nil } }
        return integers.count == items.count ? integers : nil
    }

    /// What lies outside the pickle: a storage. The fifth part of its name is the number of elements;
    /// the sixth, of legacy files, a view that it is of the storage.
    private mutating func persistent(_ name: PickleValue) throws(WeightsProblem) -> PickleValue {
        guard let parts = object.container(name, .tuple)?.items, let kind = parts.first else {
            throw problem("refers to something outside by what is no name")
        }
        guard kind == .text("storage"), parts.count >= 5 else {
            // The source of a class, which legacy files hold beside it.
            if kind == .text("module"), parts.count > 1 { return parts[1] }
            throw problem("refers to something outside that is no storage")
        }
        if case .foreign = parts[1] { return parts[1] }
        guard case .global(.storage(let type)) = parts[1], case .text(let key) = parts[2],
            case .integer(let count) = parts[4], count >= 0,
            let bytes = Int.product(count, type.size), bytes >= 0
        else { throw problem("has a storage of no type, name or length") }
        guard key.utf8.count <= Self.keyLimit else {
            throw problem("has a storage whose name has \(key.utf8.count) bytes")
        }
        let whole = try storage(PickledStorage(key: key, type: type, count: count))
        guard parts.count > 5, let view = object.container(parts[5], .tuple)?.items else {
            return .storage(whole)
        }
        guard view.count == 3, case .integer(let start) = view[1],
            case .integer(let size) = view[2],
            start >= 0, size >= 0, start <= count, size <= count - start
        else { throw problem("has a view that leaves its storage \(key.quoted)") }
        object.storages.append(PickledStorage(key: key, type: type, count: size, start: start))
        return .storage(object.storages.count - 1)
    }

    /// The index of a whole storage, which is one however often the pickle refers to it.
    private mutating func storage(_ storage: PickledStorage) throws(WeightsProblem) -> Int {
        if let known = object.whole[storage.key] {
            guard object.storages[known] == storage else {
                throw problem("has two storages of the name \(storage.key.quoted)")
            }
            return known
        }
        object.storages.append(storage)
        object.whole[storage.key] = object.storages.count - 1
        return object.storages.count - 1
    }
}
