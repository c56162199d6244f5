import CompiledModel
import SpikingNetwork

/// What the integers of a layer stand for.
///
/// Neuron j belongs to group `j % scales.count`; one unit of its finest weights is the group's
/// scale. A scale that is no power of two goes into the thresholds of its neurons, as the potential
/// is then in that unit too; so layers that learn, whose exponents rules and merges need, and
/// readouts, whose potentials are compared, have one power of two.
struct LayerUnits {
  /// Exponents that a layer of a model may have.
  static let exponents = -32...32

  /// The power of two that the scales are, or the one nearest to their mean.
  private(set) var exponent: Int
  private(set) var scales: [Double]
  /// Of each connection, 0 to 15.
  private(set) var shifts: [Int32]
  let limits: [Int]
  /// Whether scales are any, not powers of two.
  let isScaled: Bool

  init(exponent: Int, scales: [Double], shifts: [Int32], limits: [Int], isScaled: Bool) {
    self.exponent = exponent
    self.scales = scales
    self.shifts = shifts
    self.limits = limits
    self.isScaled = isScaled
  }

  /// Halves the unit of potentials; those of weights stay.
  mutating func refine() {
    exponent -= 1
    for group in scales.indices { scales[group] /= 2 }
    for edge in shifts.indices { shifts[edge] += 1 }
  }

  /// What one weight of the description counts in units of the chip, by group.
  func factors(edge: Int, resistance: Double) -> [Double] {
    let shift = Double(1 << shifts[edge])
    return scales.map { resistance / ($0 * shift) }
  }

  /// One unit of the weights of a connection of one scale.
  func unit(edge: Int) -> Double { scales[0] * Double(1 << shifts[edge]) }
}

/// A connection as the search for units sees it.
struct EdgeWeights {
  let weights: ProjectionWeights
  let limit: Int
  let isBinary: Bool
  let rule: PlasticityRule?
  /// Side of the windows over which spikes are summed first.
  let window: Int
  /// Spikes of a sample by source, or by input channel of a convolution; nil for even ones.
  let rates: [Float]?
}
