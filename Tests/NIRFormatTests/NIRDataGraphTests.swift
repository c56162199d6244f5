import Foundation
import NIRFormat
import Testing

/// One after the other: the library keeps tables that a reader and a writer must not share.
@Suite(.serialized) struct NIRDataGraphTests {
  private let graph = NIRDataGraph(
    nodes: [
      .init(
        name: "hidden", neurons: 4,
        observables: [
          .init("spikes", .spikes([[[0, 2], [], [3]], [[], [1], []]])),
          .init("v", .values([[.init(step: 1, neuron: 2, value: -0.5)], []])),
          .init("presynaptic_trace.out.0", .values([[], []])),
        ]),
      .init(
        name: "out", neurons: 2,
        observables: [
          .init("v", .values([grid([1, 2, 3, 4, 5, 6]), grid([0, 0, 0, 0, 7, 8])]))
        ]),
    ], steps: 3, stepDuration: 0.002, sampleIDs: [7, .max])

  /// Values of two neurons, step by step.
  private static func grid(_ values: [Double]) -> [NIRDataGraph.Entry] {
    values.enumerated().map { .init(step: $0 / 2, neuron: $0 % 2, value: $1) }
  }

  private func path() -> String {
    FileManager.default.temporaryDirectory.appending(
      path: "spikefleet-test-\(UUID().uuidString.lowercased()).h5"
    ).path
  }

  /// Writes a graph, gives what is read back to `body`, and removes the file.
  private func written(_ graph: NIRDataGraph, _ body: (borrowing HDF5Contents) throws -> Void)
    throws
  {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(graph.encoded()).write(to: URL(filePath: path))
    try body(try HDF5Contents(path))
  }

  @Test func `nodes, observables and samples have their names`() throws {
    try written(graph) { file in
      #expect(try file.names("/") == ["nodes", "sample_ids"])
      #expect(try file.text("/", "__type__") == "NIRGraphData")
      #expect(try file.names("/nodes") == ["hidden", "out"])
      #expect(try file.text("/nodes/out", "__type__") == "NIRNodeData")
      #expect(
        try file.names("/nodes/hidden/observables") == ["presynaptic_trace.out.0", "spikes", "v"])
      #expect(try file.names("/nodes/out/observables") == ["v"])
      let (dimensions, ids) = try file.unsigned("/sample_ids")
      #expect(dimensions == [2] && ids == [7, .max])
    }
  }

  @Test func `spikes are events, filled up with no neuron at no time`() throws {
    try written(graph) { file in
      let spikes = "/nodes/hidden/observables/spikes"
      #expect(try file.text(spikes, "__type__") == "EventData")
      #expect(try file.integer(spikes, "n_neurons") == 4)
      #expect(try file.double(spikes, "t_max") == 0.006)
      #expect(try file.double(spikes, "dt") == 0.002)
      #expect(try file.names(spikes) == ["idx", "time"])
      let idx = try file.integers(spikes + "/idx")
      #expect(idx.dimensions == [2, 3] && idx.values == [0, 2, 3, 1, -1, -1])
      let time = try file.doubles(spikes + "/time")
      #expect(time.dimensions == [2, 3])
      #expect(time.values == [0, 0, 0.004, 0.002, .infinity, .infinity])
    }
  }

  @Test func `values of some neurons are events, of all a grid`() throws {
    try written(graph) { file in
      let some = "/nodes/hidden/observables/v"
      #expect(try file.text(some, "__type__") == "ValuedEventData")
      #expect(try file.integers(some + "/idx").values == [2, -1])
      #expect(try file.doubles(some + "/time").values == [0.002, .infinity])
      let value = try file.doubles(some + "/value")
      #expect(value.dimensions == [2, 1] && value.values == [-0.5, 0])
      let all = "/nodes/out/observables/v"
      #expect(try file.text(all, "__type__") == "TimeGriddedData")
      #expect(try file.double(all, "dt") == 0.002)
      #expect(try file.names(all) == ["data"])
      let data = try file.doubles(all + "/data")
      #expect(data.dimensions == [2, 3, 2])
      #expect(data.values == [1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 7, 8])
      let none = "/nodes/hidden/observables/presynaptic_trace.out.0"
      #expect(try file.text(none, "__type__") == "ValuedEventData")
      #expect(try file.doubles(none + "/value").dimensions == [2, 0])
    }
  }

  @Test func `values out of their order, or too few, are no grid`() throws {
    for samples in [[Self.grid([1, 2, 3, 4, 5, 6]).reversed()], [Self.grid([1, 2, 3, 4])]] {
      let other = NIRDataGraph(
        nodes: [.init(name: "out", neurons: 2, observables: [.init("v", .values(samples))])],
        steps: 3, stepDuration: 1, sampleIDs: [1])
      try written(other) { file in
        let kind = try file.text("/nodes/out/observables/v", "__type__")
        #expect(kind == "ValuedEventData")
      }
    }
  }

  /// A time divided by a step of 1/100 is below the whole number already at step 29.
  @Test(arguments: [0.001, 0.01, 0.0003, 1.0 / 3, 1e-9])
  func `readers find each spike in the step that it was in`(stepDuration: Double) throws {
    let steps = 4096
    let regular = NIRDataGraph(
      nodes: [
        .init(
          name: "one", neurons: 1,
          observables: [.init("spikes", .spikes([[[Int32]](repeating: [0], count: steps)]))])
      ], steps: steps, stepDuration: stepDuration, sampleIDs: [1])
    try written(regular) { file in
      let spikes = "/nodes/one/observables/spikes"
      let times = try file.doubles(spikes + "/time").values
      #expect(times.map { ($0 / stepDuration).rounded(.down) } == (0..<steps).map { Double($0) })
      let end = try file.double(spikes, "t_max")
      #expect((end / stepDuration).rounded(.down) == Double(steps))
      #expect(abs(times[1000] - 1000 * stepDuration) <= 1e-12 * times[1000])
    }
  }

  @Test func `files that are made at once do not disturb each other`() async throws {
    let first = try graph.encoded()
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      for _ in 0..<16 { group.addTask { try graph.encoded() } }
      for try await file in group { #expect(file.count == first.count) }
    }
  }

  @Test func `two nodes of one name are refused`() {
    let twice = NIRDataGraph(
      nodes: graph.nodes + graph.nodes, steps: 3, stepDuration: 1, sampleIDs: [1, 2])
    let error = #expect(throws: NIRFormatError.self) { try twice.encoded() }
    #expect("\(error as Any)".contains("cannot take the group `hidden`"))
  }
}
