/// Current-based leaky integrate-and-fire in discrete time.
///
/// `i[t] = exp(-dt / tauSyn) * i[t-1] + input`, then the membrane of `lif` with input `i[t]`.
package struct CubaLIFParameters: Sendable, Equatable, Codable {
  /// Time constant of the synaptic current in seconds.
  package var tauSyn: Double
  /// The membrane that the current charges.
  package var lif: LIFParameters

  /// A membrane behind a synaptic current.
  package init(tauSyn: Double, lif: LIFParameters) {
    self.tauSyn = tauSyn
    self.lif = lif
  }

  /// The factor by which the current decays in a step of `timeStep` seconds.
  package func currentDecay(timeStep: Double) -> Double {
    NaturalExponential.exponential(-timeStep / tauSyn)
  }
}

/// Integrate-and-fire in discrete time: `v[t] = v[t-1] + input`, then threshold and reset.
package struct IFParameters: Sendable, Equatable, Codable {
  /// Resistance: factor on the summed input.
  package var r: Double
  /// Firing threshold.
  package var vThreshold: Double
  /// Potential after a hard reset.
  package var vReset: Double
  /// What a spike does to the potential.
  package var reset: ResetMode
  /// Time in seconds after a spike during which the potential is held.
  package var refractory: Double

  /// A neuron with threshold one and soft reset, unless told otherwise.
  package init(
    r: Double = 1, vThreshold: Double = 1, vReset: Double = 0, reset: ResetMode = .soft,
    refractory: Double = 0
  ) {
    self.r = r
    self.vThreshold = vThreshold
    self.vReset = vReset
    self.reset = reset
    self.refractory = refractory
  }
}

/// Leaky integrate-and-fire with an adaptive threshold (Bellec 2018).
///
/// `a[t] = exp(-dt / tauAdaptation) * a[t-1] + z[t-1]`; a spike when
/// `v > vThreshold + beta * a[t]` (strict). A soft reset subtracts `vThreshold` alone.
package struct AdaptiveLIFParameters: Sendable, Equatable, Codable {
  /// The membrane and its threshold at rest.
  package var lif: LIFParameters
  /// Time constant of the adaptation in seconds.
  package var tauAdaptation: Double
  /// What a spike adds to the threshold.
  package var beta: Double

  /// A membrane with an adaptive threshold.
  package init(lif: LIFParameters, tauAdaptation: Double, beta: Double) {
    self.lif = lif
    self.tauAdaptation = tauAdaptation
    self.beta = beta
  }

  /// The factor by which the adaptation decays in a step of `timeStep` seconds.
  package func adaptationDecay(timeStep: Double) -> Double {
    NaturalExponential.exponential(-timeStep / tauAdaptation)
  }
}

/// A leaky integrator in discrete time: `v[t] = kappa * v[t-1] + input`.
///
/// With `tauSyn` the input charges a synaptic current first, as in `CubaLIFParameters`.
package struct LeakyIntegratorParameters: Sendable, Equatable, Codable {
  /// Time constant in seconds; `kappa = exp(-dt / tauMem)`.
  package var tauMem: Double
  /// Resistance: factor on the summed input.
  package var r: Double
  /// Potential at rest.
  package var vLeak: Double
  /// Time constant of the synaptic current in seconds; nil for input that acts at once.
  package var tauSyn: Double?

  /// An integrator at rest at zero, unless told otherwise.
  package init(tauMem: Double, r: Double = 1, vLeak: Double = 0, tauSyn: Double? = nil) {
    self.tauMem = tauMem
    self.r = r
    self.vLeak = vLeak
    self.tauSyn = tauSyn
  }

  /// The factor kappa by which the potential decays in a step of `timeStep` seconds.
  package func decay(timeStep: Double) -> Double {
    NaturalExponential.exponential(-timeStep / tauMem)
  }
}
