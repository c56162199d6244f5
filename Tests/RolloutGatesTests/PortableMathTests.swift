import Foundation
import RolloutGates
import Testing

/// The system's log gamma of a positive number.
func systemLogGamma(_ value: Double) -> Double {
  let (result, _): (Double, Int) = lgamma(value)
  return result
}

@Suite struct PortableMathTests {
  @Test func `logarithms agree with the system's over the whole range`() {
    var random = SplitMix(state: 1)
    let edges = [
      Double.leastNonzeroMagnitude, .leastNormalMagnitude, 1, 2, 0.5, .greatestFiniteMagnitude,
    ]
    let drawn = (0..<20_000).map { _ in
      Double(bitPattern: random.next() & 0x7FEF_FFFF_FFFF_FFFF | 1)
    }
    let nearOne = (1...2_000).map { 1 + (Double($0) - 1_000) * 1e-9 }
    for value in edges + drawn + nearOne {
      let (found, expected) = (PortableMath.naturalLogarithm(value), Foundation.log(value))
      #expect(abs(found - expected) <= 4 * expected.ulp, "ln \(value)")
    }
  }

  @Test func `log gamma agrees with factorials and with the system's`() {
    var factorial = 0.0
    for number in 1...170 {
      let found = PortableMath.logGamma(Double(number))
      #expect(abs(found - factorial) <= 1e-13 * max(1, factorial), "\(number)")
      factorial += Foundation.log(Double(number))
    }
    for value in [0.5, 0.75, 1.5, 9.99, 10, 12_345.5, 3e9] {
      let (found, expected) = (PortableMath.logGamma(value), systemLogGamma(value))
      #expect(abs(found - expected) <= 1e-13 * max(1, abs(expected)), "\(value)")
    }
  }
}
