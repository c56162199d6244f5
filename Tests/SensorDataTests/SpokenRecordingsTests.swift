import SensorData
import SpikingNetwork
import Testing

/// Recordings carry label, speaker and place in their names, and samples keep all three.
@Suite struct SpokenRecordingsTests {
  private func folder(_ names: [String]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (place, name) in names.enumerated() {
      let data = (0..<400).map { UInt8(truncatingIfNeeded: $0 * (place + 3)) }
      try folder.write(WaveFileTests.file(data: data), to: name)
    }
    return folder
  }

  @Test func `ids name the speaker and the file, whichever numbers are taken`() throws {
    let folder = try folder(["7_bea_0.wav", "3_ada_0.wav", "3_ada_12.wav", "3_bea_1.wav"])
    let all = try SpokenRecordings.read(folder.path)
    #expect(all.speakers == ["ada", "bea"] && all.samples.channels == 1_024)
    #expect(all.samples.labels == [3, 3, 3, 7])
    #expect(all.samples.ids == [0, 1, 1 << 32 | 2, 1 << 32 | 3])
    let some = try SpokenRecordings.read(folder.path, numbers: [1, 12])
    #expect(some.samples == all.samples.selecting([1, 2]))
  }

  @Test(arguments: [
    "7_bea.wav", "x_bea_1.wav", "256_bea_1.wav", "1__1.wav", "1_b_1_1.wav", "notes.txt",
  ])
  func `a file of another name is refused`(name: String) throws {
    let folder = try folder(["3_ada_0.wav", name])
    let error = try #require(throws: SensorDataError.self) {
      try SpokenRecordings.read(folder.path)
    }
    #expect(error.field == "name of a file" && error.found == "`\(name)`")
  }

  @Test func `a folder without anything to hear is refused`() throws {
    let empty = try TemporaryFolder()
    for path in [empty.path, empty.path("none")] {
      #expect(throws: SensorDataError.self) { try SpokenRecordings.read(path) }
    }
    let folder = try folder(["3_ada_0.wav"])
    #expect(throws: SensorDataError.self) {
      try SpokenRecordings.read(folder.path, numbers: [5])
    }
  }

  @Test func `each speaker's samples go to one node, so that speakers suffice`() throws {
    let ids: [UInt64] = [0, 1, 1 << 32, 2 << 32, 2 << 32 | 1]
    let labels = [UInt8](repeating: 0, count: ids.count)
    let partition = try #require(SamplePartition("speaker"))
    #expect("\(partition)" == "speaker")
    let three = try partition.deal(labels, ids: ids, to: 3, seed: 1)
    #expect(three.map { $0.sorted() } == [[0, 1], [2], [3, 4]])
    let two = try partition.deal(labels, ids: ids, to: 2, seed: 1)
    #expect(two.map { $0.sorted() } == [[0, 1, 3, 4], [2]])
    for (ids, nodes) in [(ids, 4), ([], 1)] {
      let error = try #require(throws: SensorDataError.self) {
        try partition.deal(labels, ids: ids, to: nodes, seed: 1)
      }
      #expect(error.field == "speakers")
    }
  }
}
