/// Widths of the chip's integers, shared by compiler, kernels and readers.
package enum ChipArithmetic {
  /// Largest magnitude of a potential: 24 bits with sign, saturating.
  package static let potentialLimit: Int32 = (1 << 23) - 1
  /// Inputs are shifted left by this much, so potentials are finer than weights by 2^6.
  package static let inputShift: Int32 = 6
  /// A decay of this value keeps everything; decays have 12 bits.
  package static let decayOne: Int32 = 4096
  /// Errors and pseudo-derivatives are in units of 1/256.
  package static let fractionOne: Int32 = 256
  /// Factors aPre and aPost are in units of 1/64.
  package static let factorOne: Int32 = 64
  /// Largest magnitude of a weight for inference.
  package static let weightLimit = 127
  /// Largest value of a trace: 15 bits, saturating.
  package static let traceLimit: Int32 = 32767
  /// Learning weights that some inference weight stands for.
  package static let learningWeights: ClosedRange<Int16> = -32640...32639
  /// Boundary on which each layer's weights start in a file.
  package static let chunkBytes = 65536

  /// The inference weight of a learning weight: rounded to 8 bits.
  @inlinable
  package static func inferenceWeight(_ weight: Int16) -> Int8 {
    Int8(truncatingIfNeeded: max(-127, min(127, (Int32(weight) &+ 128) >> 8)))
  }

  /// A potential after one step of decay, cut toward zero.
  ///
  /// `|v| <= 2^23` and 12-bit decays: the two halves of v keep the product within 32 bits.
  @inlinable
  package static func decayed(_ potential: Int32, by decay: Int32) -> Int32 {
    let size = abs(potential)
    let kept = (size >> 12) &* decay &+ (((size & 4095) &* decay) >> 12)
    return potential < 0 ? -kept : kept
  }
}
