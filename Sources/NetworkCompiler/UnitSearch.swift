import CompiledModel
import SpikingNetwork

/// Chooses the units of a layer: least squared error within the range of weights and potentials.
struct UnitSearch {
  /// Exponents that the chip's weights may have.
  static let exponents = -20...8
  /// Largest shift of a connection.
  static let shiftMax = 15
  /// Potentials below the threshold, from which on a unit that a decay cuts matters little.
  private static let thresholdMin = 4096.0
  /// Sums of a step stay well within 32 bits.
  private static let sumMax = 1_073_741_824.0

  let edges: [EdgeWeights]
  let resistance: Double
  /// Firing threshold, or the scale of potentials that a readout compares.
  let threshold: Double
  let isReadout: Bool
  let hasCurrent: Bool
  let arithmetic: StateArithmetic
  let perChannel: Bool
  /// Neurons of the layer, and channels where one of its connections is a convolution.
  let neurons: Int
  let channels: Int?

  /// Potentials up to this many thresholds stay within their range.
  ///
  /// Where few bits are left for weights, room is worth less than resolution.
  static func room(_ arithmetic: StateArithmetic) -> Double {
    switch arithmetic.potentialBits - Int(arithmetic.inputShift) {
    case 16...: 8
    case 12...: 4
    default: 2
    }
  }

  /// Smallest unit of weights under which the threshold leaves that room.
  var least: Double {
    threshold * Double(1 << arithmetic.inputShift) * Self.room(arithmetic)
      / Double(arithmetic.potentialLimit)
  }

  func units() -> LayerUnits {
    let isFixed = edges.allSatisfy { $0.rule == nil }
    let hasBinary = edges.contains { $0.isBinary }
    if isFixed, hasBinary || (perChannel && !isReadout) {
      return refined(scaled(groups: isReadout || !perChannel ? 1 : groups))
    }
    return refined(powersOfTwo())
  }

  /// The same weights with finer potentials, where the chip's input shift leaves a threshold coarse
  /// and there is room: all connections are shifted further.
  private func refined(_ units: LayerUnits) -> LayerUnits {
    var units = units
    let room = Self.room(arithmetic)
    let limit = Double(arithmetic.potentialLimit)
    let currentLimit = Double((1 << (arithmetic.currentBits - 1)) - 1)
    let spikeMax = hasCurrent ? min(limit, currentLimit) : limit
    var finest = threshold / (units.scales.max() ?? 1) * Double(1 << arithmetic.inputShift)
    var coarsest = threshold / (units.scales.min() ?? 1) * Double(1 << arithmetic.inputShift)
    var spike = 0.0
    var sum = 0.0
    for (edge, shift) in zip(edges, units.shifts) {
      let size = Double(edge.limit) * Double(1 << (arithmetic.inputShift + shift))
      spike = max(spike, size)
      sum += size * Double(edge.weights.sources * edge.window * edge.window)
    }
    while finest < Self.thresholdMin, coarsest * 2 * room <= limit, spike * 2 <= spikeMax,
      sum * 2 <= Self.sumMax, (units.shifts.max() ?? 0) < Int32(Self.shiftMax),
      units.exponent > LayerUnits.exponents.lowerBound
    {
      units.refine()
      finest *= 2
      coarsest *= 2
      spike *= 2
      sum *= 2
    }
    return units
  }

  private var groups: Int {
    for edge in edges {
      if case .oneToOne = edge.weights.connectivity { return 1 }
    }
    return channels ?? neurons
  }

  /// Units beyond this are as good as infinite; no arithmetic on them traps.
  static let rangeMax = 1e200

  private static let ln2 = NaturalExponential.logarithm(2)

  /// The exponent of a value as a power of two, 0 for none, at most 1000 in magnitude.
  static func binaryLogarithm(_ value: Double) -> Double {
    guard value > 0, value != 1 else { return 0 }
    return max(-1000, min(1000, NaturalExponential.logarithm(value) / ln2))
  }

  static func power(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}
