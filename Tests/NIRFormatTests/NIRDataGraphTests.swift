import Foundation
import NIRFormat
import Testing

@Suite struct NIRDataGraphTests {
  private let graph = NIRDataGraph(
    nodes: [
      .init(
        name: "hidden", neurons: 4,
        observables: [
          .init("spikes", .spikes([[[0, 2], [], [3]], [[], [1], []]])),
          .init(
            "v", .chosen([[.init(step: 1, neuron: 2, value: -0.5)], []])),
        ]),
      .init(
        name: "out", neurons: 2,
        observables: [
          .init("v", .grid([[[1, 2], [3, 4], [5, 6]], [[0, 0], [0, 0], [7, 8]]]))
        ]),
    ], steps: 3)

  private func path() -> String {
    FileManager.default.temporaryDirectory.appending(
      path: "spikefleet-test-\(UUID().uuidString.lowercased()).h5"
    ).path
  }

  @Test func `a file has the signature of its format and the names of the graph`() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try graph.write(to: path)
    let data = try Data(contentsOf: URL(filePath: path))
    #expect(data.prefix(8) == Data([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]))
    for name in ["NIRGraphData", "ValuedEventData", "TimeGriddedData", "hidden", "n_neurons"] {
      #expect(data.range(of: Data(name.utf8)) != nil, "\(name)")
    }
  }

  @Test func `files that are written at once do not disturb each other`() async throws {
    let paths = (0..<16).map { _ in path() }
    defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for path in paths { group.addTask { try graph.write(to: path) } }
      try await group.waitForAll()
    }
    let first = try Data(contentsOf: URL(filePath: paths[0]))
    for path in paths { #expect(try Data(contentsOf: URL(filePath: path)).count == first.count) }
  }

  @Test func `a place that cannot be written is named`() {
    let error = #expect(throws: NIRFormatError.self) {
      try graph.write(to: "/nowhere/at/all.h5")
    }
    #expect(error?.path == "/nowhere/at/all.h5")
  }

  @Test func `two nodes of one name are refused`() {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let twice = NIRDataGraph(nodes: graph.nodes + graph.nodes, steps: 3)
    #expect(throws: NIRFormatError.self) { try twice.write(to: path) }
  }
}
