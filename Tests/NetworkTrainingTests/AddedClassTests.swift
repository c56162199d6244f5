import NetworkTraining
import SpikingNetwork
import Testing

@Suite struct AddedClassTests {
  private let network: SpikingNetwork

  init() throws {
    network = try NetworkTemplate(
      name: "small", inputs: 12, hidden: [8], classes: 3, hiddenDeviation: 0.5
    ).network()
  }

  private var examples: LabelledSamples {
    var samples = LabelledSamples(channels: 12)
    for index in 0..<5 as Range<UInt64> {
      samples.append(
        LabelledSample(
          intensities: (0..<12).map { $0 < 6 ? 255 : 0 }, label: 3, id: index))
    }
    return samples
  }

  private func rows(_ network: SpikingNetwork) -> [Float] { network.projections[1].weights }

  @Test func `other weights stay and those of the new class are 0`() throws {
    let grown = try AddedClass.add(to: network, name: "larger")
    #expect(grown.name == "larger")
    #expect(try NetworkSimulator(grown).classes == 4)
    #expect(rows(grown) == rows(network) + [Float](repeating: 0, count: 8))
    #expect(grown.projections[0] == network.projections[0])
  }

  @Test func `a prototype knows its examples`() throws {
    let before = try AddedClass.add(to: network)
    let grown = try AddedClass.add(to: network, examples: examples)
    #expect(Array(rows(grown).prefix(24)) == rows(network))
    let sample = examples[0]
    let score = try NetworkSimulator(grown).run(sample).scores[3]
    #expect(try NetworkSimulator(before).run(sample).scores[3] == 0)
    #expect(score > 0)
  }

  @Test func `an output that is not dense is refused`() throws {
    var sparse = network
    sparse.projections[1].connectivity = .sparse(
      SparseWeights(
        rowStarts: [0] + [Int32](repeating: 1, count: 8), targets: [0], weights: [1]))
    let error = #expect(throws: NetworkError.self) { try AddedClass.add(to: sparse) }
    #expect(error?.field == "projections[1].connectivity")
  }
}
