import SpikingNetwork

/// What the neurons of one population compute, in numbers for one step.
struct SimulatedNeurons: Sendable {
  /// `v = decay * v + bias + gain * input`.
  let decay: Float
  let bias: Float
  let gain: Float
  /// `u = currentDecay * u + gain * input`, and u is the input of the potential; nil for none.
  let currentDecay: Float?
  /// Potential before the first step.
  let rest: Float
  /// Nil for a leaky integrator.
  private(set) var firing: Firing?

  struct Firing: Sendable {
    let threshold: Float
    let reset: ResetMode
    let resetPotential: Float
    /// Steps after a spike during which the potential is held.
    let refractorySteps: Int32
    /// `rise = decay * rise + impulse * z`, at the end of a step.
    var adaptation: (decay: Float, impulse: Float)?
    /// What a spike takes from all other neurons, of which it is the only one of its step; nil
    /// where each is on its own.
    var inhibition: Float?
  }

  /// Nil for the input, which has no neurons.
  init?(_ population: Population, timeStep: Double) {
    self.init(population.model, timeStep: timeStep)
    guard let competition = population.competition, let threshold = firing?.threshold else {
      return
    }
    firing?.inhibition = Float(competition.inhibition) * (threshold - rest)
  }

  private init?(_ model: NeuronModel, timeStep: Double) {
    switch model {
    case .input:
      return nil
    case .lif(let lif):
      self.init(lif, currentDecay: nil, adaptation: nil, timeStep: timeStep)
    case .cubaLIF(let cuba):
      self.init(
        cuba.lif, currentDecay: cuba.currentDecay(timeStep: timeStep), adaptation: nil,
        timeStep: timeStep)
    case .adaptiveLIF(let adaptive):
      let decay = Float(adaptive.adaptationDecay(timeStep: timeStep))
      self.init(
        adaptive.lif, currentDecay: nil, adaptation: (decay, Float(adaptive.beta)),
        timeStep: timeStep)
    case .integrateAndFire(let neuron):
      self.init(
        decay: 1, rest: 0, r: neuron.r, currentDecay: nil,
        firing: Firing(
          threshold: Float(neuron.vThreshold), reset: neuron.reset,
          resetPotential: Float(neuron.vReset),
          refractorySteps: Self.steps(neuron.refractory, timeStep)))
    case .leakyIntegrator(let integrator):
      self.init(
        decay: integrator.decay(timeStep: timeStep), rest: integrator.vLeak, r: integrator.r,
        currentDecay: integrator.tauSyn.map {
          NaturalExponential.exponential(-timeStep / $0)
        }, firing: nil)
    }
  }

  private init(
    _ lif: LIFParameters, currentDecay: Double?, adaptation: (decay: Float, impulse: Float)?,
    timeStep: Double
  ) {
    self.init(
      decay: lif.decay(timeStep: timeStep), rest: lif.vLeak, r: lif.r, currentDecay: currentDecay,
      firing: Firing(
        threshold: Float(lif.vThreshold), reset: lif.reset, resetPotential: Float(lif.vReset),
        refractorySteps: Self.steps(lif.refractory, timeStep), adaptation: adaptation))
  }

  private init(decay: Double, rest: Double, r: Double, currentDecay: Double?, firing: Firing?) {
    self.decay = Float(decay)
    self.rest = Float(rest)
    bias = (1 - self.decay) * self.rest
    gain = Float(r)
    self.currentDecay = currentDecay.map { Float($0) }
    self.firing = firing
  }

  /// Whole steps of a refractory time, as the compiler counts them.
  private static func steps(_ refractory: Double, _ timeStep: Double) -> Int32 {
    Int32(min(4096, (refractory / timeStep).rounded()))
  }

  /// One step for all neurons, whose input is summed in `state.input`; returns those that spike.
  func advance(_ state: inout NeuronStates) -> [Int32] {
    integrate(&state)
    // From here on `input` holds the potentials of before the step.
    swap(&state.potentials, &state.input)
    guard let firing else { return [] }
    for n in state.held.indices where state.held[n] > 0 { state.potentials[n] = state.input[n] }
    var spikes = spiking(firing, state)
    if firing.inhibition != nil { spikes = winner(of: spikes, firing, state) }
    for n in state.held.indices where state.held[n] > 0 { state.held[n] -= 1 }
    for spike in spikes {
      let n = Int(spike)
      switch firing.reset {
      case .none: break
      case .soft: state.potentials[n] -= firing.threshold
      case .hard: state.potentials[n] = firing.resetPotential
      }
      if !state.held.isEmpty { state.held[n] = firing.refractorySteps }
    }
    if let inhibition = firing.inhibition, let winner = spikes.first {
      for n in state.potentials.indices where n != Int(winner) { state.potentials[n] -= inhibition }
    }
    if let adaptation = firing.adaptation {
      for n in state.rises.indices { state.rises[n] *= adaptation.decay }
      for n in spikes { state.rises[Int(n)] += adaptation.impulse }
    }
    return spikes
  }

  /// The neuron highest above its threshold, the first of several; none of none.
  private func winner(
    of candidates: [Int32], _ firing: Firing, _ state: NeuronStates
  ) -> [Int32] {
    var best: (neuron: Int32, excess: Float)?
    for candidate in candidates {
      let n = Int(candidate)
      let excess =
        state.potentials[n] - firing.threshold - (state.rises.isEmpty ? 0 : state.rises[n])
      if excess > best?.excess ?? -.infinity { best = (candidate, excess) }
    }
    return best.map { [$0.neuron] } ?? []
  }

  /// The neurons above their thresholds that are not refractory.
  private func spiking(_ firing: Firing, _ state: NeuronStates) -> [Int32] {
    var spikes: [Int32] = []
    for n in state.potentials.indices {
      let rise = state.rises.isEmpty ? 0 : state.rises[n]
      if state.potentials[n] > firing.threshold + rise, state.held.isEmpty || state.held[n] == 0 {
        spikes.append(Int32(truncatingIfNeeded: n))
      }
    }
    return spikes
  }

  /// Puts the potentials before threshold and reset in the place of the input.
  private func integrate(_ state: inout NeuronStates) {
    let (decay, bias, gain) = (decay, bias, gain)
    if let currentDecay {
      for n in state.currents.indices {
        state.currents[n] = currentDecay * state.currents[n] + gain * state.input[n]
        state.input[n] = decay * state.potentials[n] + bias + state.currents[n]
      }
    } else {
      for n in state.potentials.indices {
        state.input[n] = decay * state.potentials[n] + bias + gain * state.input[n]
      }
    }
  }
}

/// The state of one population's neurons while a sample is shown.
struct NeuronStates: Sendable {
  /// Sum of the weights that the spikes of this step reach.
  var input: [Float]
  var potentials: [Float]
  /// Empty where input charges the potential itself.
  var currents: [Float]
  /// What thresholds have risen by; empty where they stay.
  var rises: [Float]
  /// Steps for which each neuron is still refractory; empty where none ever is.
  var held: [Int32]

  init(_ neurons: SimulatedNeurons, size: Int) {
    input = [Float](repeating: 0, count: size)
    potentials = [Float](repeating: neurons.rest, count: size)
    currents = neurons.currentDecay == nil ? [] : input
    rises = neurons.firing?.adaptation == nil ? [] : input
    let refractorySteps = neurons.firing?.refractorySteps ?? 0
    held = refractorySteps == 0 ? [] : [Int32](repeating: 0, count: size)
  }

  mutating func clearInput() {
    for n in input.indices { input[n] = 0 }
  }
}
