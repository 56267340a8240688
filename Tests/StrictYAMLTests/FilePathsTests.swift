import Testing

@testable import StrictYAML

@Suite("File paths") struct FilePathsTests {
    @Test(
        "are standardised by their text",
        arguments: [
            ("/a/./b//c/../d", "/a/b/d"), ("/../a", "/a"), ("a/../../b", "../b"), ("./", "."),
            ("/", "/"), ("../../a", "../../a"),
        ])
    func standardised(path: String, expected: String) {
        #expect(FilePaths.standardised(path) == expected)
    }
}
