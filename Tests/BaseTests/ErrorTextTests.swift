import Foundation
import Testing

@testable import Base

@Suite("Error texts") struct ErrorTextTests {
    private func line(_ body: () throws -> some Any) -> String {
        do {
            _ = try body()
            return ""
        } catch {
            return errorText(error)
        }
    }

    @Test("of Foundation's file errors hold the path and the system's reason") func files() {
        let missing = "/nonexistent/a\nb"
        let expected = "/nonexistent/a\\nb: No such file or directory"
        #expect(line { try Data(contentsOf: URL(fileURLWithPath: missing)) } == expected)
        #expect(line { try String(contentsOfFile: missing, encoding: .utf8) } == expected)
        #expect(line { try FileManager.default.contentsOfDirectory(atPath: missing) } == expected)
        #expect(line { try FileManager.default.removeItem(atPath: missing) } == expected)
        #expect(
            line { try FileHandle(forReadingFrom: URL(fileURLWithPath: missing)) } == expected)
        let folder = line { try Data(contentsOf: URL(fileURLWithPath: "/tmp")) }
        #expect(folder == "/tmp: Is a directory")
        #expect(
            line { try Data([1]).write(to: URL(fileURLWithPath: "/dev/full")) }
                .hasSuffix("No space left on device"))
    }

    @Test("of Foundation's that bring no reason of the system's are given one")
    func withoutReason() {
        func text(_ code: CocoaError.Code) -> String {
            errorText(CocoaError(code, userInfo: [NSFilePathErrorKey: "a"]))
        }
        #expect(text(.fileReadNoSuchFile) == "a: No such file or directory")
        #expect(text(.fileWriteNoPermission) == "a: Permission denied")
        #expect(text(.fileWriteOutOfSpace) == "a: No space left on device")
        #expect(text(.featureUnsupported) == "a: error 3328 of NSCocoaErrorDomain")
        #expect(errorText(NSError(domain: "Other", code: 7)) == "error 7 of Other")
    }

    @Test("of a number that JSON has not name it") func encoding() {
        #expect(
            line { try JSONEncoder().encode(["a": [1, Double.nan]]) }
                == "no JSON holds nan, the value of 'a.[1]'")
    }

    @Test("of JSON say what is wrong where") func json() {
        struct Value: Decodable {
            let list: [Int]
        }
        func decoding(_ text: String) -> String {
            line { try JSONDecoder().decode(Value.self, from: Data(text.utf8)) }
        }
        #expect(decoding("{}") == "not the JSON expected: 'list' is missing")
        #expect(decoding(#"{"list": [1, "x"]}"#).hasPrefix("not the JSON expected: 'list.[1]': "))
        #expect(decoding("{").hasPrefix("not valid JSON: "))
    }

    @Test("of the program's own are their descriptions, made safe for a terminal") func own() {
        #expect(errorText(SystemFailure("a", ENOSPC)) == "a: No space left on device")
        struct Odd: Error { let text = "x\u{1B}[2J\ny" }
        #expect(errorText(Odd()) == #"Odd(text: "x\u{1B}[2J\ny")"#)
    }
}
