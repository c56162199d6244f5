/// What a layer's integers stand for in the network that it was compiled from.
///
/// The chip computes without it; recordings and reports need it.
package struct NetworkUnits: Sendable, Equatable {
  /// One unit of the layer's finest weights times the resistance, by group: neuron j belongs to
  /// group `j % scales.count`; nil where it is `2^exponent` for all.
  package var scales: [Double]?
  /// Factor of the network's neurons on their input.
  package var resistance: Double
  /// The network's potential that is 0 on the chip.
  package var rest: Double

  /// Takes the parts as they are: powers of two and a rest at zero, unless told otherwise.
  package init(scales: [Double]? = nil, resistance: Double = 1, rest: Double = 0) {
    self.scales = scales
    self.resistance = resistance
    self.rest = rest
  }
}

extension CompiledLayer {
  /// One unit of a neuron's finest weights times the resistance.
  fileprivate func scale(of neuron: Int) -> Double {
    if let scales = units.scales { return scales[neuron % scales.count] }
    return Double(sign: .plus, exponent: Int(exponent), significand: 1)
  }
}

extension CompiledModel {
  /// What one unit of a neuron's potential, or of its threshold's rise, is in its network.
  package func potentialUnit(layer: Int, neuron: Int) -> Double {
    layers[layer].scale(of: neuron) / Double(1 << arithmetic.inputShift)
  }

  /// What one unit of a neuron's synaptic current is in its network.
  ///
  /// The network's current is the sum of its weights; the chip's has the resistance in it.
  package func currentUnit(layer: Int, neuron: Int) -> Double {
    potentialUnit(layer: layer, neuron: neuron) / layers[layer].units.resistance
  }

  /// What one unit of an inference weight onto a neuron is in its network; learning weights are in
  /// 1/256 of it.
  package func weightUnit(of index: ConnectionIndex, target neuron: Int) -> Double {
    let layer = layers[index.layer]
    return layer.scale(of: neuron) * Double(1 << self[index].shift) / layer.units.resistance
  }

  func validateUnits(of index: Int, _ path: FieldPath) throws(ModelError) {
    let layer = layers[index]
    try path.measure(layer.units.resistance, "resistance")
    let rest = layer.units.rest
    // A negative zero would be an equal model with other bytes.
    try path.require(
      abs(rest) <= Self.measureMax && (rest != 0 || rest.sign == .plus), "rest", rest,
      "0, or at most \(Self.measureMax) in magnitude")
    guard let scales = layer.units.scales else { return }
    let learns = layer.connections.contains { $0.plasticity != nil }
    try path.require(
      !learns, "scales", "\(scales.count) values", "none where weights learn")
    try path.require(
      !scales.isEmpty && layer.size % scales.count == 0, "scales", "\(scales.count) values",
      "a divisor of \(layer.size)")
    for scale in scales { try path.measure(scale, "scales") }
    try path.require(
      scales.count == 1 || scales.contains { $0 != scales[0] }, "scales",
      "\(scales.count) equal values", "one value for all")
  }
}
