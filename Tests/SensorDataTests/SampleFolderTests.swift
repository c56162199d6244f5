import Foundation
import SensorData
import SpikingNetwork
import Testing

@Suite struct SampleFolderTests {
  private let folder: TemporaryFolder
  private let samples = LabelledSamples(
    channels: 4, intensities: Array(0..<12), labels: [3, 1, 255], ids: [9, .max, 0])

  init() throws { folder = try TemporaryFolder() }

  @Test func `what is written is read, and nothing else is left`() throws {
    let path = folder.path("nodes/a/stream")
    try SampleFolder.write(samples, to: path)
    #expect(try SampleFolder.read(path) == samples)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 3)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path("nodes/a")) == ["stream"])
  }

  @Test func `a stream replaces the one before it`() throws {
    let path = folder.path("stream")
    try SampleFolder.write(samples, to: path + "/")
    try SampleFolder.write(samples.selecting([2]), to: path)
    #expect(try SampleFolder.read(path) == samples.selecting([2]))
    #expect(try folder.names == ["stream"])
  }

  @Test func `images may have rows and columns, ids 32 bits, and files gzip`() throws {
    try folder.write(
      IDXArray(elementType: .unsigned8, dimensions: [3, 2, 2], payload: Array(0..<12)).encoded,
      to: "images.idx")
    try folder.write(
      IDXArray(elementType: .unsigned8, dimensions: [3], payload: [3, 1, 255]).encoded,
      to: "labels.idx")
    try folder.write(
      IDXArray(
        elementType: .signed32, dimensions: [3], payload: [0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 1, 0]
      ).encoded, to: "ids.idx")
    let read = try SampleFolder.read(folder.path)
    #expect(read.intensities == samples.intensities)
    #expect(read.ids == [5, 6, 256])
  }

  private func error(_ path: String) -> SensorDataError? {
    do throws(SensorDataError) {
      _ = try SampleFolder.read(path)
      return nil
    } catch {
      return error
    }
  }

  @Test func `files that do not belong together are refused by name`() throws {
    let path = folder.path("stream")
    try SampleFolder.write(samples, to: path)
    let other = IDXArray(elementType: .unsigned8, dimensions: [2], payload: [1, 2]).encoded
    for name in ["labels.idx", "ids.idx", "images.idx"] {
      try SampleFolder.write(samples, to: path)
      try Data(other).write(to: URL(fileURLWithPath: path + "/" + name))
      #expect(error(path)?.kind == .malformed)
      #expect(error(path)?.place == path + "/" + name)
    }
    try SampleFolder.write(samples, to: path)
    try FileManager.default.removeItem(atPath: path + "/ids.idx")
    #expect(error(path)?.kind == .unreadable)
    #expect(error(path)?.place == path + "/ids.idx")
  }

  @Test func `an empty stream is refused`() throws {
    try SampleFolder.write(LabelledSamples(channels: 4), to: folder.path("stream"))
    #expect(error(folder.path("stream"))?.found == "none")
    #expect(error(folder.path("nowhere"))?.kind == .unreadable)
  }

  @Test func `what is no stream is left alone`() throws {
    try folder.write([1], to: "file")
    try SampleFolder.write(samples, to: folder.path("stream"))
    try folder.write([1], to: "stream/notes")
    let here = FileManager.default.currentDirectoryPath
    for (path, found) in [
      (folder.path("file"), "a file"), (folder.path("stream"), "a folder that has `notes`"),
      ("", "an empty path"), (".", "the working folder, or one above it"),
      (here + "/..", "the working folder, or one above it"),
      ("/", "the working folder, or one above it"),
    ] {
      let error = #expect(throws: SensorDataError.self) {
        try SampleFolder.write(samples, to: path)
      }
      #expect(error?.kind == .unwritable && error?.found == found, "\(path): \(error as Any)")
    }
    #expect(try folder.names.sorted() == ["file", "stream"])
    #expect(try SampleFolder.read(folder.path("stream")) == samples)
  }

  @Test func `a link stays a link to the stream that is replaced`() throws {
    try SampleFolder.write(samples, to: folder.path("stream"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link"), withDestinationPath: "stream")
    try SampleFolder.write(samples.selecting([1]), to: folder.path("link"))
    #expect(try SampleFolder.read(folder.path("stream")) == samples.selecting([1]))
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link")) == "stream")
  }

  @Test func `what a process that is gone left half-written is removed`() throws {
    // Process ids end far below this one.
    for name in [
      ".stream.new-2147483647-A", ".stream.new-\(getpid())-B", ".other.new-2147483647-A",
    ] {
      try FileManager.default.createDirectory(
        atPath: folder.path(name), withIntermediateDirectories: true)
    }
    try SampleFolder.write(samples, to: folder.path("stream"))
    #expect(
      try folder.names.sorted()
        == [".other.new-2147483647-A", ".stream.new-\(getpid())-B", "stream"])
  }

  @Test func `a place that cannot be written is named`() throws {
    try folder.write([1], to: "file")
    #expect {
      try SampleFolder.write(samples, to: folder.path("file/stream"))
    } throws: { error in
      (error as? SensorDataError)?.kind == .unwritable
        && (error as? SensorDataError)?.place == folder.path("file/stream")
    }
  }
}
