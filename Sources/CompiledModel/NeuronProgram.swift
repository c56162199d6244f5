/// What a layer's neurons compute, in units of the layer's potential.
package enum NeuronProgram: Sendable, Equatable {
  /// Integrate-and-fire with its leak, current and adaptation, as they are set.
  case spiking(SpikingProgram)
  /// A leaky integrator that never spikes and judges the classes: the readout.
  case readout(ReadoutProgram)

  /// What charges and drains the potential.
  package var membrane: MembraneProgram {
    switch self {
    case .spiking(let program): program.membrane
    case .readout(let program): program.membrane
    }
  }
}

/// How a potential takes in its input, the same for spiking neurons and readouts.
package struct MembraneProgram: Sendable, Equatable {
  /// Decay of the potential, 0 to 4096; 4096 has no leak.
  package var decay: Int32
  /// Decay of the synaptic current, 0 to 4096; nil where input charges the potential itself.
  package var currentDecay: Int32?
  /// What is added to the potential in each step.
  package var bias: NeuronValues

  /// Takes the parameters as they are.
  package init(decay: Int32, currentDecay: Int32? = nil, bias: NeuronValues = NeuronValues(0)) {
    self.decay = decay
    self.currentDecay = currentDecay
    self.bias = bias
  }
}

/// Parameters of neurons that fire.
package struct SpikingProgram: Sendable, Equatable {
  /// What a spike does to the potential.
  package enum Reset: UInt8, Sendable, CaseIterable {
    /// Nothing.
    case none = 0
    /// The threshold at rest is subtracted.
    case soft = 1
    /// The potential becomes `resetPotential`.
    case hard = 2
  }

  /// A threshold that rises with the neuron's own spikes.
  package struct Adaptation: Sendable, Equatable {
    /// Decay of the rise, 0 to 4096.
    package var decay: Int32
    /// What a spike adds, from the next step on.
    package var impulse: NeuronValues

    /// Takes the parameters as they are.
    package init(decay: Int32, impulse: NeuronValues) {
      self.decay = decay
      self.impulse = impulse
    }
  }

  /// `psi = (max(0, threshold - |v - threshold - rise|) * multiplier) >> shift`, in 1/256.
  package struct PseudoDerivative: Sendable, Equatable {
    /// Multiplier, 0 to 65535; one for each neuron where thresholds differ.
    package var multiplier: NeuronValues
    /// Shift, 0 to 40.
    package var shift: Int32

    /// Takes the parameters as they are.
    package init(multiplier: NeuronValues, shift: Int32) {
      self.multiplier = multiplier
      self.shift = shift
    }
  }

  /// What charges and drains the potential.
  package var membrane: MembraneProgram
  /// A neuron fires above it.
  package var threshold: NeuronValues
  /// What a spike does to the potential.
  package var reset: Reset
  /// Potential after a hard reset.
  package var resetPotential: NeuronValues
  /// Steps after a spike during which the potential is held.
  package var refractorySteps: Int32
  /// How the threshold rises, nil for one that stays.
  package var adaptation: Adaptation?
  /// Needed where three-factor learning feeds this layer, else nil.
  package var pseudoDerivative: PseudoDerivative?

  /// Takes the parameters as they are.
  package init(
    membrane: MembraneProgram, threshold: NeuronValues, reset: Reset,
    resetPotential: NeuronValues = NeuronValues(0), refractorySteps: Int32 = 0,
    adaptation: Adaptation? = nil, pseudoDerivative: PseudoDerivative? = nil
  ) {
    self.membrane = membrane
    self.threshold = threshold
    self.reset = reset
    self.resetPotential = resetPotential
    self.refractorySteps = refractorySteps
    self.adaptation = adaptation
    self.pseudoDerivative = pseudoDerivative
  }
}

/// Parameters of the readout.
package struct ReadoutProgram: Sendable, Equatable {
  /// What charges and drains the potential.
  package var membrane: MembraneProgram
  /// `(v * logitMultiplier) >> logitShift` is the base-2 logit in 1/16.
  package var logitMultiplier: Int32
  /// Shift of the logit.
  package var logitShift: Int32

  /// Takes the parameters as they are.
  package init(membrane: MembraneProgram, logitMultiplier: Int32, logitShift: Int32) {
    self.membrane = membrane
    self.logitMultiplier = logitMultiplier
    self.logitShift = logitShift
  }
}

/// One parameter of a layer's neurons: the same for all, or one for each.
package struct NeuronValues: Sendable, Equatable {
  /// One value for all neurons, or as many as there are neurons.
  package var values: [Int32]

  /// The same value for all.
  package init(_ value: Int32) { values = [value] }

  /// One value for each; a single value where they are all the same, so that equal programs have
  /// equal bytes.
  package init(each values: [Int32]) {
    precondition(!values.isEmpty, "no values for the neurons of a layer")
    self.values = values.allSatisfy { $0 == values[0] } ? [values[0]] : values
  }

  /// The value of one neuron.
  package subscript(neuron: Int) -> Int32 { values.count == 1 ? values[0] : values[neuron] }

  /// Whether all neurons share one value.
  package var isShared: Bool { values.count == 1 }
}
