import Foundation
import SpikingNetwork
import Testing

@Suite struct NaturalExponentialTests {
  @Test func `exponential and logarithm agree with the C library`() {
    for index in -7000...7000 {
      let x = Double(index) / 10.07
      let mine = NaturalExponential.exponential(x)
      #expect(abs(mine - exp(x)) <= exp(x) * 1e-15)
      #expect(abs(NaturalExponential.logarithm(exp(x)) - log(exp(x))) <= max(abs(x), 1) * 1e-15)
    }
  }

  @Test func `edges are as in the C library`() {
    #expect(NaturalExponential.exponential(0) == 1)
    #expect(NaturalExponential.exponential(-800) == 0)
    #expect(NaturalExponential.exponential(800) == .infinity)
    #expect(NaturalExponential.exponential(.nan).isNaN)
    #expect(NaturalExponential.logarithm(1) == 0)
    #expect(NaturalExponential.logarithm(0).isNaN)
    #expect(NaturalExponential.logarithm(.infinity) == .infinity)
  }

  @Test func `a time constant gives back its decay`() {
    let tau = NaturalExponential.timeConstant(decay: 0.9, timeStep: 0.001)
    #expect(abs(LIFParameters(tauMem: tau).decay(timeStep: 0.001) - 0.9) < 1e-15)
  }
}
