/// Widths of a chip's state and what happens at their ends; part of every model compiled for it.
package struct StateArithmetic: Sendable, Equatable {
  /// What a value does beyond its width.
  package enum Overflow: UInt8, Sendable, CaseIterable {
    /// It stays at the end of the range.
    case saturate = 0
    /// It goes on from the other end, modulo 2^width.
    case wrap = 1
  }

  /// Bits of a potential, its sign among them, 8 to 24; it always saturates, symmetrically.
  package var potentialBits: Int
  /// Bits of a synaptic current, its sign among them, 8 to 24.
  package var currentBits: Int
  /// What a current does beyond its width.
  package var currentOverflow: Overflow
  /// Inputs are shifted left by 0 to 6: potentials are finer than weights by 2^inputShift.
  package var inputShift: Int32
  /// Bits of a weight that learns, 1 to 16; its lower `16 - bits` bits are always zero.
  package var learningWeightBits: Int
  /// How sums over rows are read where weights are summed in memory; nil where sums are exact.
  package var columnConverter: ColumnConverter?

  /// Takes the widths as they are.
  package init(
    potentialBits: Int, currentBits: Int, currentOverflow: Overflow, inputShift: Int32,
    learningWeightBits: Int, columnConverter: ColumnConverter? = nil
  ) {
    self.columnConverter = columnConverter
    self.potentialBits = potentialBits
    self.currentBits = currentBits
    self.currentOverflow = currentOverflow
    self.inputShift = inputShift
    self.learningWeightBits = learningWeightBits
  }

  /// Loihi's widths with learning weights of 16 bits.
  package static let loihi = StateArithmetic(
    potentialBits: 24, currentBits: 24, currentOverflow: .wrap, inputShift: 6,
    learningWeightBits: 16)

  /// Largest magnitude of a potential.
  package var potentialLimit: Int32 { 1 << Int32(potentialBits - 1) &- 1 }

  /// A learning weight's smallest step, as a shift.
  package var learningShift: Int32 { Int32(16 - learningWeightBits) }
}
