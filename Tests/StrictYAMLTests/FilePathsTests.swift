import Testing

@testable import StrictYAML

@Suite("File paths") struct FilePathsTests {
    @Test(
        "are standardized by their text",
        arguments: [
            ("/a/./b//c/../d", "/a/b/d"), ("/../a", "/a"), ("a/../../b", "../b"), ("./", "."),
            ("/", "/"), ("../../a", "../../a"),
        ])
    func standardized(path: String, expected: String) {
        #expect(FilePaths.standardized(path) == expected)
    }
}
