import CompiledModel

/// The error of each class: an integer base-2 softmax of the readout's potentials minus the label.
///
/// `x = log2(e) * (v_max - v)` in 1/16, rounded; its power is a shift by the whole part and a
/// linear mantissa of 4 bits: `(32 - fraction) << 11 >> whole`. Probabilities are in 1/256.
struct ReadoutErrors: Sendable {
  private let program: ReadoutProgram
  private var powers: [Int32]
  /// Probability minus target by class, in 1/256.
  private(set) var errors: [Int32]

  init(_ program: ReadoutProgram, classes: Int) {
    self.program = program
    powers = [Int32](repeating: 0, count: classes)
    errors = [Int32](repeating: 0, count: classes)
  }

  mutating func update(potentials: [Int32], label: Int) {
    var largest = potentials[0]
    for potential in potentials { largest = max(largest, potential) }
    let half: Int64 = program.logitShift > 0 ? 1 << Int64(program.logitShift - 1) : 0
    var sum: Int32 = 0
    for index in potentials.indices {
      let product =
        Int64(largest &- potentials[index]) &* Int64(program.logitMultiplier) &+ half
      let distance = product >> Int64(program.logitShift)
      let whole = distance >> 4
      let mantissa = (32 &- Int32(distance & 15)) << 11
      powers[index] = whole < 17 ? mantissa >> Int32(whole) : 0
      sum &+= powers[index]
    }
    for index in potentials.indices {
      let share = ((Int64(powers[index]) << 8) &+ Int64(sum >> 1)) / Int64(sum)
      errors[index] =
        Int32(share) &- (index == label ? ChipArithmetic.fractionOne : 0)
    }
  }
}
