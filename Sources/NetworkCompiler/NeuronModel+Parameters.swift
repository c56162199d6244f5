import SpikingNetwork

extension NeuronModel {
  /// Factor on the summed input.
  var resistance: Double {
    switch self {
    case .input: 1
    case .lif(let lif): lif.r
    case .cubaLIF(let cuba): cuba.lif.r
    case .integrateAndFire(let neuron): neuron.r
    case .adaptiveLIF(let adaptive): adaptive.lif.r
    case .leakyIntegrator(let integrator): integrator.r
    }
  }

  /// Firing threshold at rest; nil for what never fires.
  var threshold: Double? {
    switch self {
    case .input, .leakyIntegrator: nil
    case .lif(let lif): lif.vThreshold
    case .cubaLIF(let cuba): cuba.lif.vThreshold
    case .integrateAndFire(let neuron): neuron.vThreshold
    case .adaptiveLIF(let adaptive): adaptive.lif.vThreshold
    }
  }

  /// Decays of the potential and of a current before it, in a step, and the potential at rest.
  func dynamics(timeStep: Double) -> (decay: Double, currentDecay: Double?, leak: Double) {
    switch self {
    case .input, .integrateAndFire: (1, nil, 0)
    case .lif(let lif): (lif.decay(timeStep: timeStep), nil, lif.vLeak)
    case .cubaLIF(let cuba):
      (cuba.lif.decay(timeStep: timeStep), cuba.currentDecay(timeStep: timeStep), cuba.lif.vLeak)
    case .adaptiveLIF(let adaptive):
      (adaptive.lif.decay(timeStep: timeStep), nil, adaptive.lif.vLeak)
    case .leakyIntegrator(let integrator):
      (
        integrator.decay(timeStep: timeStep),
        integrator.tauSyn.map { NaturalExponential.exponential(-timeStep / $0) }, integrator.vLeak
      )
    }
  }

  /// What a spike does to the potential, its steps of rest in seconds and the potential after a
  /// hard reset; nil for what never fires.
  var afterSpike: (reset: ResetMode, refractory: Double, vReset: Double)? {
    switch self {
    case .input, .leakyIntegrator: nil
    case .lif(let lif): (lif.reset, lif.refractory, lif.vReset)
    case .cubaLIF(let cuba): (cuba.lif.reset, cuba.lif.refractory, cuba.lif.vReset)
    case .integrateAndFire(let neuron): (neuron.reset, neuron.refractory, neuron.vReset)
    case .adaptiveLIF(let adaptive):
      (adaptive.lif.reset, adaptive.lif.refractory, adaptive.lif.vReset)
    }
  }
}
