package import CompiledModel

/// What samples that were learnt cost for each pixel and operation, as a price table models it.
///
/// Surveys of learning in memory quote nanojoules per pixel and tera-operations per watt without
/// saying what counts as one; here a pixel is an input channel of a sample that is learnt, and
/// `operations` says what an event counts as. Joules are those of synapses and learning.
package struct LearningEfficiency: Sendable, Equatable, Encodable {
  /// Nanojoules of synapses and learning for each channel of each sample.
  package let nanojoulesPerPixel: Double
  /// Operations for each picojoule of them, which is the same as TOPS/W; nil for free events.
  package let teraOperationsPerWatt: Double?

  /// Of events while so many samples of `pixels` channels were learnt; nil where none was.
  package init?(
    counts: [UInt64], samples: Int, pixels: Int, prices: PriceTable
  ) throws(PricingError) {
    guard samples > 0, pixels > 0 else { return nil }
    let joules = try prices.joules(of: counts)
    let array = (joules[.synapse] ?? 0) + (joules[.learning] ?? 0)
    nanojoulesPerPixel = array * 1e9 / Double(samples) / Double(pixels)
    let total = Self.operations(of: counts)
    teraOperationsPerWatt = array > 0 ? total / array / 1e12 : nil
  }

  /// Arithmetic operations that an event counts as.
  ///
  /// A weight added to a sum is a multiplication and an addition, as TOPS are counted; so is the
  /// step of a trace. A learning operation is a multiplication, the addition of the draw, that to
  /// the weight, and a comparison with its bounds. Reading a weight to change it is one.
  package static func operations(of kind: EventKind) -> Double {
    switch kind {
    case .synapticOperation, .sparseOperation, .convolutionOperation, .feedbackOperation,
      .traceUpdate:
      2
    case .learningOperation: 4
    case .weightRead: 1
    default: 0
    }
  }

  /// Operations of all events.
  package static func operations(of counts: [UInt64]) -> Double {
    EventKind.allCases.reduce(0) { $0 + operations(of: $1) * Double(counts[$1.rawValue]) }
  }
}
