import Foundation
import SensorData
import SpikingNetwork
import Testing

@Suite struct SamplePartsTests {
  private func write(_ count: Int, _ names: (String, String), to folder: TemporaryFolder) throws {
    let images = IDXArray(
      elementType: .unsigned8, dimensions: [count, 2, 2],
      payload: (0..<count * 4).map { UInt8($0 % 256) })
    let labels = IDXArray(
      elementType: .unsigned8, dimensions: [count], payload: (0..<count).map { UInt8($0 % 10) })
    for (name, array) in [(names.0, images), (names.1, labels)] {
      try Data(array.encoded).write(to: URL(filePath: folder.path + "/" + name))
    }
  }

  private let training = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
  private let test = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

  @Test func `a data set has two parts, whose ids go on from one to the other`() throws {
    let folder = try TemporaryFolder()
    try write(5, training, to: folder)
    try write(3, test, to: folder)
    let parts = try SampleParts.read(folder.path)
    #expect(parts.training.count == 5 && parts.training.channels == 4)
    #expect(parts.training.ids == [0, 1, 2, 3, 4])
    #expect(parts.test?.ids == [5, 6, 7])
    #expect(parts.test?.labels == [0, 1, 2])
  }

  @Test func `a data set may come without the part to judge by`() throws {
    let folder = try TemporaryFolder()
    try write(2, training, to: folder)
    #expect(try SampleParts.read(folder.path).test == nil)
  }

  @Test func `labels that are missing are named`() throws {
    let folder = try TemporaryFolder()
    try write(2, training, to: folder)
    try write(2, (test.0, "other"), to: folder)
    let error = try #require(throws: SensorDataError.self) { try SampleParts.read(folder.path) }
    #expect(error.place.hasSuffix(test.1))
  }

  @Test func `a data set without samples is refused`() throws {
    let folder = try TemporaryFolder()
    try write(0, training, to: folder)
    #expect(throws: SensorDataError.self) { try SampleParts.read(folder.path) }
  }

  @Test func `a stream is training data alone`() throws {
    let folder = try TemporaryFolder()
    let samples = LabelledSamples(channels: 1, intensities: [3, 4], labels: [0, 1], ids: [8, 9])
    try SampleFolder.write(samples, to: folder.path + "/stream")
    let parts = try SampleParts.read(folder.path + "/stream")
    #expect(parts.training == samples && parts.test == nil)
  }

  @Test func `a folder of neither kind is named`() throws {
    let folder = try TemporaryFolder()
    let error = try #require(throws: SensorDataError.self) { try SampleParts.read(folder.path) }
    #expect(error.place == folder.path)
    #expect(error.found == "without images.idx and without train-images-idx3-ubyte")
  }

  @Test func `samples are spread evenly, and all where there are no more`() {
    let samples = LabelledSamples(
      channels: 1, intensities: [UInt8](0..<10), labels: [UInt8](0..<10),
      ids: [UInt64](0..<10))
    #expect(samples.spread(4).ids == [0, 2, 5, 7])
    #expect(samples.spread(10) == samples && samples.spread(11) == samples)
  }
}
