/// Parameters of competitive learning with weights of one bit, of the readout's only connection.
///
/// Weights are 0 or `weight`. At the end of a labelled sample, the neuron of the label's class with
/// the largest `overlap * (competition + plasticity)` moves weights from inputs that were silent to
/// inputs that were active, as many as its plasticity says. `docs/CHIP.md` states it exactly.
package struct EdgeLearningProgram: Sendable, Equatable {
  /// A weight that is set, 1 for inference.
  package static let weight: Int16 = 256
  /// A plasticity of 1.
  package static let plasticityOne: Int32 = 1 << 15

  /// Spikes in a sample from which on an input is active, 1 to 4096.
  package var activeSpikes: Int32
  /// What a win takes off the plasticity, in 1/65536 of it, 0 to 65536.
  package var plasticityDecay: Int32
  /// Smallest plasticity, in 1/32768.
  package var plasticityMin: Int32
  /// Added to the plasticity where overlaps compete, in 1/32768.
  package var competition: Int32

  /// Takes the parameters as they are.
  package init(
    activeSpikes: Int32, plasticityDecay: Int32, plasticityMin: Int32, competition: Int32
  ) {
    self.activeSpikes = activeSpikes
    self.plasticityDecay = plasticityDecay
    self.plasticityMin = plasticityMin
    self.competition = competition
  }

  /// How many of `due` moves are made, for a draw of 15 bits.
  package func moves(of due: Int, plasticity: Int16, draw: Int) -> Int {
    (due * Int(plasticity) + draw) >> 15
  }

  /// The plasticity after a win.
  package func plasticity(after plasticity: Int16) -> Int16 {
    let lost = (Int(plasticity) * Int(plasticityDecay) + 65535) >> 16
    return Int16(max(Int(plasticityMin), Int(plasticity) - lost))
  }
}

extension EdgeLearningProgram {
  static let fieldCount = 4

  /// Parameters in the order of the file.
  var fields: [Int32] { [activeSpikes, plasticityDecay, plasticityMin, competition] }

  /// Parameters from the order of the file.
  init(fields: [Int32]) {
    self.init(
      activeSpikes: fields[0], plasticityDecay: fields[1], plasticityMin: fields[2],
      competition: fields[3])
  }
}

extension PlasticityProgram {
  /// Step of weights that a rule has of its own, 0 for the chip's.
  package var ownWeightStep: Int32 {
    switch self {
    case .program(let program): program.weightStep
    case .edge: Int32(EdgeLearningProgram.weight)
    case .threeFactor, .sdsp: 0
    }
  }

  /// The rule of weights of one bit, if it is that.
  package var edge: EdgeLearningProgram? {
    if case .edge(let program) = self { return program }
    return nil
  }
}

extension CompiledLayer {
  /// Neurons that stand for one class, 1 unless it is a readout with more.
  package var neuronsPerClass: Int {
    if case .readout(let program) = neurons { return Int(program.neuronsPerClass) }
    return 1
  }

  /// Whether it learns by weights of one bit.
  package var learnsByOneBit: Bool { connections.contains { $0.plasticity?.edge != nil } }
}

extension CompiledModel {
  /// The connection whose weights of one bit learn, that of the readout; nil without one.
  package var edgeConnection: ConnectionIndex? {
    plasticConnections.first { self[$0].plasticity?.edge != nil }
  }

  /// Values that a sample is scored by: those of the readout's neurons, or of classes.
  package var scoreCount: Int {
    guard let last = layers.last, hasReadout else { return classes }
    return last.size
  }

  /// Scores of classes: the largest of each class's neurons.
  package func classScores(_ scores: [Int64]) -> [Int64] {
    let group = layers.last?.neuronsPerClass ?? 1
    guard group > 1 else { return scores }
    return stride(from: 0, to: scores.count, by: group).map { first in
      scores[first..<first + group].max() ?? 0
    }
  }

  func validate(
    _ rule: EdgeLearningProgram, of index: Int, _ path: FieldPath
  ) throws(ModelError) {
    try path.require(
      hasReadout && index == layers.count - 1 && layers[index].connections.count == 1,
      "plasticity", "weights of one bit", "a readout with one connection")
    let bounds = weightBounds(of: ConnectionIndex(layer: index, connection: 0))
    try path.require(
      bounds == 0...EdgeLearningProgram.weight, "bounds", bounds,
      "0 to \(EdgeLearningProgram.weight)")
    try path.range(rule.activeSpikes, 1...Int32(Self.stepsMax), "active spikes")
    try path.range(rule.plasticityDecay, 0...65536, "plasticity decay")
    try path.range(rule.plasticityMin, 0...Int32(Int16.max), "plasticity min")
    try path.range(rule.competition, 0...32 * EdgeLearningProgram.plasticityOne, "competition")
  }

  /// Plasticities stand just where they are needed, and classes have whole groups of neurons.
  func validateClassNeurons(of index: Int, _ path: FieldPath) throws(ModelError) {
    let layer = layers[index]
    if case .readout(let program) = layer.neurons {
      try path.range(program.neuronsPerClass, 1...Int32(Self.sizeMax), "neurons per class")
      let learnsByErrors = connections.contains { self[$0].plasticity?.isLocal == false }
      try path.require(
        layer.size % Int(program.neuronsPerClass) == 0
          && (program.neuronsPerClass == 1 || !learnsByErrors), "neurons per class",
        program.neuronsPerClass,
        "a divisor of \(layer.size), 1 beside three-factor learning")
    }
    let size = layer.learnsByOneBit ? layer.size : 0
    try path.require(
      layer.plasticities?.count ?? 0 == size && (layer.plasticities != nil) == (size > 0),
      "plasticities", layer.plasticities?.count ?? 0, "\(size)")
    try path.require(
      layer.plasticities?.allSatisfy { $0 >= 0 } ?? true, "plasticities",
      "a negative plasticity", "from 0")
  }
}
