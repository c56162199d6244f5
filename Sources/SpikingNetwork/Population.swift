/// A group of neurons that share one model and its parameters.
package struct Population: Sendable, Equatable, Codable {
  /// Unique name within the network.
  package var name: String
  /// Number of neurons.
  package var size: Int
  /// How they lie in a plane; nil for a population without neighbourhoods.
  package var shape: FeatureShape?
  /// What each neuron computes.
  package var model: NeuronModel
  /// How its neurons keep each other from firing; nil where each is on its own.
  package var competition: WinnerTakeAll?
  /// How its neurons' thresholds follow all their spikes; nil where they do not.
  package var homeostasis: Homeostasis?
  /// Number of classes that its neurons come to stand for as labels show; nil where neuron k of the
  /// last population stands for class k.
  package var classes: Int?

  /// Names a group of `size` neurons of one model.
  package init(name: String, size: Int, model: NeuronModel) {
    self.name = name
    self.size = size
    self.model = model
  }

  /// Names a plane of neurons of one model.
  package init(name: String, shape: FeatureShape, model: NeuronModel) {
    self.name = name
    size = shape.size
    self.shape = shape
    self.model = model
  }
}

/// At most one neuron of a population fires in a step: the one highest above its threshold.
///
/// All others lose `inhibition` from their potential (Diehl and Cook 2015, without the inhibitory
/// population).
package struct WinnerTakeAll: Sendable, Equatable, Codable {
  /// Taken from the potential of each neuron that did not win, in thresholds.
  package var inhibition: Double

  /// What losing costs.
  package init(inhibition: Double) { self.inhibition = inhibition }
}

/// A threshold that rises at the neuron's own spikes while it learns, and outlives samples.
///
/// Neurons that fire often become harder to fire, so that all find something to stand for.
package struct Homeostasis: Sendable, Equatable, Codable {
  /// What a spike adds to the threshold, in units of the potential.
  package var thetaPlus: Double
  /// Time constant of the fall back, in seconds of samples shown.
  package var tauTheta: Double

  /// Takes the parameters as they are; `SpikingNetwork.validate()` judges them.
  package init(thetaPlus: Double, tauTheta: Double) {
    self.thetaPlus = thetaPlus
    self.tauTheta = tauTheta
  }
}

/// What a neuron computes; parameters carry the names that NIR gives them.
package enum NeuronModel: Sendable, Equatable, Codable {
  /// Spikes come from the encoder.
  case input
  /// Leaky integrate-and-fire.
  case lif(LIFParameters)
  /// Leaky integrate-and-fire whose input charges a synaptic current first.
  case cubaLIF(CubaLIFParameters)
  /// Integrate-and-fire without a leak.
  case integrateAndFire(IFParameters)
  /// Leaky integrate-and-fire whose threshold rises with its own spikes.
  case adaptiveLIF(AdaptiveLIFParameters)
  /// A leaky integrator that never spikes: the readout.
  case leakyIntegrator(LeakyIntegratorParameters)
}

/// What happens to the potential of a neuron that has just spiked.
package enum ResetMode: String, Sendable, Equatable, Codable, CaseIterable {
  /// Nothing.
  case none
  /// The threshold is subtracted.
  case soft
  /// The potential becomes `vReset`.
  case hard
}

/// Leaky integrate-and-fire in discrete time.
///
/// `v[t] = lambda * v[t-1] + input`, `lambda = exp(-dt / tauMem)`; a spike when `v > vThreshold`
/// (strict), then the reset. The input is the plain sum of weights, it is not scaled by 1-lambda.
package struct LIFParameters: Sendable, Equatable, Codable {
  /// Membrane time constant in seconds.
  package var tauMem: Double
  /// Resistance: factor on the summed input.
  package var r: Double
  /// Potential at rest.
  package var vLeak: Double
  /// Firing threshold.
  package var vThreshold: Double
  /// Potential after a hard reset.
  package var vReset: Double
  /// What a spike does to the potential.
  package var reset: ResetMode
  /// Time in seconds after a spike during which the potential is held.
  package var refractory: Double

  /// A neuron at rest at zero with threshold one and soft reset, unless told otherwise.
  package init(
    tauMem: Double, r: Double = 1, vLeak: Double = 0, vThreshold: Double = 1, vReset: Double = 0,
    reset: ResetMode = .soft, refractory: Double = 0
  ) {
    self.tauMem = tauMem
    self.r = r
    self.vLeak = vLeak
    self.vThreshold = vThreshold
    self.vReset = vReset
    self.reset = reset
    self.refractory = refractory
  }

  /// The factor lambda by which the potential decays in a step of `timeStep` seconds.
  package func decay(timeStep: Double) -> Double {
    NaturalExponential.exponential(-timeStep / tauMem)
  }
}
