/// How a layer's weights learn on the chip, in integers.
package enum PlasticityProgram: Sendable, Equatable {
  /// Learning signal times traces, applied once at a sample's end.
  case threeFactor(ThreeFactorProgram)
  /// Spike pairs by traces, applied at each spike.
  case pairSTDP(PairSTDPProgram)
}

/// Parameters of the three-factor kernel of one layer.
///
/// Per step: `signal1 = (L * psi * preFactor) >> signalShift`, `signal2 = (L * psibar * postFactor)
/// >> signalShift`, both rounded and clipped to `signalLimit`; `sum[i][j] += signal1[j] * xbar[i] +
/// signal2[j] * impulse * x[i]`. At the end `w16 -= (sum * gain) >> gainShift`, rounded
/// stochastically.
package struct ThreeFactorProgram: Sendable, Equatable {
  /// Decay of the presynaptic trace, 0 to 4096.
  package var preDecay: Int32
  /// Decay of the trace of the pseudo-derivative, 0 to 4096.
  package var postDecay: Int32
  /// What a spike adds to a presynaptic trace.
  package var impulse: Int32
  /// Factor of the presynaptic term in 1/64.
  package var preFactor: Int32
  /// Factor of the postsynaptic term in 1/64.
  package var postFactor: Int32
  /// `psi = (max(0, threshold - |v - threshold|) * psiMultiplier) >> psiShift`, in 1/256.
  ///
  /// Unused at a readout, where psi is one.
  package var psiMultiplier: Int32
  /// Shift of the pseudo-derivative.
  package var psiShift: Int32
  /// Shift of the product of signal and pseudo-derivative.
  package var signalShift: Int32
  /// Largest magnitude of a neuron's signal, so that sums fit 32 bits.
  package var signalLimit: Int32
  /// Multiplier of a sum, 0 to 65535.
  package var gain: Int32
  /// Shift after that multiplier, the bits that are rounded stochastically.
  package var gainShift: Int32

  /// Takes the parameters as they are.
  package init(
    preDecay: Int32, postDecay: Int32, impulse: Int32, preFactor: Int32, postFactor: Int32,
    psiMultiplier: Int32, psiShift: Int32, signalShift: Int32, signalLimit: Int32, gain: Int32,
    gainShift: Int32
  ) {
    self.preDecay = preDecay
    self.postDecay = postDecay
    self.impulse = impulse
    self.preFactor = preFactor
    self.postFactor = postFactor
    self.psiMultiplier = psiMultiplier
    self.psiShift = psiShift
    self.signalShift = signalShift
    self.signalLimit = signalLimit
    self.gain = gain
    self.gainShift = gainShift
  }

  /// Largest value that a presynaptic trace can reach within so many steps.
  package func traceMax(steps: Int) -> Int32 {
    var trace: Int32 = 0
    for _ in 0..<steps {
      trace = min(ChipArithmetic.decayed(trace, by: preDecay) + impulse, ChipArithmetic.traceLimit)
    }
    return trace
  }
}

/// Parameters of pair STDP of one layer.
///
/// A presynaptic spike takes `(depression * post trace) >> shift` from each weight of its row, a
/// postsynaptic spike adds `(potentiation * pre trace) >> shift`, both rounded stochastically.
package struct PairSTDPProgram: Sendable, Equatable {
  /// Decay of the presynaptic trace, 0 to 4096.
  package var preDecay: Int32
  /// Decay of the postsynaptic trace, 0 to 4096.
  package var postDecay: Int32
  /// What a spike adds to either trace.
  package var impulse: Int32
  /// Multiplier of potentiation, 0 to 65535.
  package var potentiation: Int32
  /// Multiplier of depression, 0 to 65535.
  package var depression: Int32
  /// Bits that are rounded stochastically.
  package var shift: Int32

  /// Takes the parameters as they are.
  package init(
    preDecay: Int32, postDecay: Int32, impulse: Int32, potentiation: Int32, depression: Int32,
    shift: Int32
  ) {
    self.preDecay = preDecay
    self.postDecay = postDecay
    self.impulse = impulse
    self.potentiation = potentiation
    self.depression = depression
    self.shift = shift
  }
}
