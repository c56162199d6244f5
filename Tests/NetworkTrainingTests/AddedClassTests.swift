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

  @Test func `with weights of one bit a new class is free neurons behind those that learned`()
    throws
  {
    let edge = try FixedFeatures(of: network).network(.edge, classes: 3, seed: 1)
    let rule = try #require(edge.projections[1].edgeLearning)
    let neurons = 3 * rule.neuronsPerClass
    #expect(edge.populations[2].size == neurons && rule.connectedInputs == 2)
    #expect(try NetworkSimulator(edge).classes == 3)
    let learned = try edge.takingEdgeLearning(
      bits: (0..<8 * neurons).map { $0 / neurons < 2 },
      plasticities: [Double](repeating: 0.25, count: neurons))
    let grown = try AddedClass.add(to: learned)
    #expect(try NetworkSimulator(grown).classes == 4)
    for neuron in 0..<neurons + rule.neuronsPerClass {
      let row = rows(grown)[neuron * 8..<(neuron + 1) * 8]
      #expect(row.count { $0 == 1 } == 2)
      #expect(neuron >= neurons || row.prefix(2).allSatisfy { $0 == 1 })
    }
    let grownRule = try #require(grown.projections[1].edgeLearning)
    #expect(grownRule.plasticities?.first == 0.25 && grownRule.plasticities?.last == 0.3)
    let error = #expect(throws: NetworkError.self) {
      try AddedClass.add(to: edge, examples: examples)
    }
    #expect(error?.found == "examples of the class")
    #expect(throws: NetworkError.self) {
      try edge.takingEdgeLearning(bits: [true], plasticities: [1])
    }
  }
}
