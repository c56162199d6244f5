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

  /// At most one neuron of the layer fires in a step, and takes from all others.
  package struct Competition: Sendable, Equatable {
    /// Taken from the potential of every neuron that did not win.
    package var inhibition: Int32

    /// Takes the parameters as they are.
    package init(inhibition: Int32) { self.inhibition = inhibition }
  }

  /// A threshold that rises with the neuron's own spikes while it learns, and outlives samples.
  ///
  /// The threshold of neuron j is higher by `rises[j] << shift`.
  package struct Homeostasis: Sendable, Equatable {
    /// What a spike adds to the neuron's rise, from the next step on.
    package var impulse: Int32
    /// What each rise loses at the end of a sample, in 2^-32 of it.
    package var decay: Int32
    /// A rise counts `2^shift` units of the potential.
    package var shift: Int32
    /// Rises as they are learnt, one for each neuron.
    package var rises: [Int16]

    /// Takes the parameters as they are.
    package init(impulse: Int32, decay: Int32, shift: Int32, rises: [Int16]) {
      self.impulse = impulse
      self.decay = decay
      self.shift = shift
      self.rises = rises
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
  /// How neurons keep each other from firing, nil where each is on its own.
  package var competition: Competition?
  /// How spikes of all samples raise the threshold, nil where they do not.
  package var homeostasis: Homeostasis?

  /// Takes the parameters as they are.
  package init(
    membrane: MembraneProgram, threshold: NeuronValues, reset: Reset,
    resetPotential: NeuronValues = NeuronValues(0), refractorySteps: Int32 = 0,
    adaptation: Adaptation? = nil, pseudoDerivative: PseudoDerivative? = nil,
    competition: Competition? = nil, homeostasis: Homeostasis? = nil
  ) {
    self.membrane = membrane
    self.threshold = threshold
    self.reset = reset
    self.resetPotential = resetPotential
    self.refractorySteps = refractorySteps
    self.adaptation = adaptation
    self.pseudoDerivative = pseudoDerivative
    self.competition = competition
    self.homeostasis = homeostasis
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
  /// Neurons that stand for one class, the largest score of which is the class's.
  package var neuronsPerClass: Int32

  /// Takes the parameters as they are.
  package init(
    membrane: MembraneProgram, logitMultiplier: Int32, logitShift: Int32,
    neuronsPerClass: Int32 = 1
  ) {
    self.neuronsPerClass = neuronsPerClass
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
