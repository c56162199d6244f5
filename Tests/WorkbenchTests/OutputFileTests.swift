import Foundation
import Testing
import Workbench

@Suite struct OutputFileTests {
  private let text = Data("new".utf8)

  @Test func `a file is replaced, and a link leads to the file that is replaced`() throws {
    let folder = try TemporaryFolder()
    let file = try folder.file("file", "old and longer")
    try FileManager.default.createSymbolicLink(
      atPath: file + ".link", withDestinationPath: "file")
    try OutputFile.write(text, to: file + ".link")
    #expect(try Data(contentsOf: URL(filePath: file)) == text)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: file + ".link") == "file")
  }

  @Test func `a link to nothing makes the file that it names`() throws {
    let folder = try TemporaryFolder()
    let link = try folder.file("link", "")
    try FileManager.default.removeItem(atPath: link)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "made")
    try OutputFile.write(text, to: link)
    let made = URL(filePath: link).deletingLastPathComponent().appending(path: "made")
    #expect(try Data(contentsOf: made) == text)
  }

  @Test func `a device is written into and stays a device`() throws {
    try OutputFile.write(text, to: "/dev/null")
    var status = stat()
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test(arguments: [
    ("/dev/full", "no space left on device"), ("", "an empty path"), ("/", "is a directory"),
    ("/nowhere/file", "no such file or directory"),
  ])
  func `what cannot be written says why`(_ path: String, _ reason: String) throws {
    let failure = try #require(throws: OutputFile.Failure.self) {
      try OutputFile.write(text, to: path)
    }
    #expect(failure.description == reason)
  }

  @Test func `links in a circle are refused`() throws {
    let folder = try TemporaryFolder()
    let link = try folder.file("link", "")
    try FileManager.default.removeItem(atPath: link)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "link")
    let failure = try #require(throws: OutputFile.Failure.self) {
      try OutputFile.write(text, to: link)
    }
    #expect(failure.description == "too many levels of symbolic links")
  }
}
