import CompiledModel

extension RandomModel {
  /// Lets the readout learn by weights of one bit, from one source alone.
  mutating func addEdgeLearning() {
    let last = layers.count - 1
    layers[last].connections = []
    addFeedbackPath(from: last - 1)
    let size = layers[last].size
    neuronsPerClass = element((1...size).filter { size % $0 == 0 })
    let density = element([0, 10, 30, 60, 100])
    let count = layers[last].connections[0].weights.count
    let weights = (0..<count).map { _ in chance(density) ? EdgeLearningProgram.weight : 0 }
    let program = EdgeLearningProgram(
      activeSpikes: Int32(element([1, 1, 2, 4])),
      plasticityDecay: Int32(element([0, 1, 6554, 40_000, 65_536])),
      plasticityMin: Int32(element([0, 328, 20_000])),
      competition: Int32(element([0, 655, 32_768, 1 << 20])))
    layers[last].connections[0].precision = .int8
    layers[last].connections[0].delay = chance(20) ? pick(1...3) : 0
    layers[last].connections[0].weights = .plastic(
      weights, .edge(program), bounds: 0...EdgeLearningProgram.weight)
    layers[last].plasticities = (0..<size).map { _ in
      Int16(element([0, 1, 9830, 32_767, pick(0...32_767)]))
    }
  }
}
