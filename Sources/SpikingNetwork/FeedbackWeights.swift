/// Random weights along which errors come back to a layer, -127 to 127, drawn by counters.
package struct FeedbackWeights: Sendable {
  private let random: CounterRandom
  private let layer: UInt64

  /// Those of a layer by its position in the model.
  package init(seed: UInt64, layer: Int) {
    random = CounterRandom(seed: seed, purpose: .feedback)
    self.layer = UInt64(layer)
  }

  /// From the classes, 0 and up, to a neuron of the layer: number k of the neuron's stream of
  /// 16-bit numbers, `((number * 255) >> 16) - 127`.
  package func row(neuron: Int, classes: Int) -> [Int8] {
    let stream = random.stream(layer, UInt64(neuron))
    return (0..<classes).map { Int8(((CounterRandom.field(stream, $0) * 255) >> 16) - 127) }
  }
}
