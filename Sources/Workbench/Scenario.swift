package import NetworkTraining
package import SpikingNetwork

/// One run of the main job as a file: data, nodes, network, rates, rounds, and what must come out.
package struct Scenario: Codable, Sendable, Equatable {
  /// Name of the model and of the federated job.
  package var name: String
  /// How the corpus is dealt.
  package var data: Data
  /// The nodes, in the order in which they start.
  package var nodes: [Node]
  /// Path of the chip file, relative to the scenario's folder.
  package var chip: String
  /// The network and how it learns on the chip.
  package var network: Network
  /// How the base model is trained at the desk.
  package var training: TrainingSettings
  /// How the fleet runs.
  package var fleet: Fleet
  /// The federated job.
  package var federation: Federation
  /// What must hold at the end.
  package var expect: Expectation

  /// How the corpus is dealt to the report, the coordinator, the desk and the nodes.
  package struct Data: Codable, Sendable, Equatable {
    /// Decides which samples go where, and in which order.
    package var seed: UInt64
    /// Samples of each class that nobody sees before the report.
    package var heldOutPerClass: Int
    /// Samples of each class with which the coordinator judges merged models.
    package var checkPerClass: Int
    /// Samples of each class that train the base model.
    package var basePerClass: Int
    /// Share of a class's remaining samples that goes to its owners, 0 to 1.
    package var ownShare: Double
  }

  /// A node and the classes that it mostly sees.
  package struct Node: Codable, Sendable, Equatable {
    /// Its name, an identifier.
    package var name: String
    /// The classes it owns.
    package var owns: [Int]
  }

  /// A feed-forward classifier and its on-chip learning rule.
  package struct Network: Codable, Sendable, Equatable {
    /// Neurons of each hidden population.
    package var hidden: [Int]
    /// Steps for which one sample is shown.
    package var steps: Int
    /// Length of a step in milliseconds.
    package var timeStepMilliseconds: Double
    /// lambda: what is left of a hidden potential after one step.
    package var membraneDecay: Double
    /// kappa: what is left of an output potential after one step.
    package var outputDecay: Double
    /// Firing threshold of hidden neurons.
    package var threshold: Double
    /// Standard deviation of the hidden weights before training.
    package var hiddenDeviation: Double
    /// Standard deviation of the output weights before training.
    package var outputDeviation: Double
    /// Decides the input spikes of each sample.
    package var encoderSeed: UInt64
    /// Decides the weights before training.
    package var weightSeed: UInt64
    /// Step size of on-chip learning for one sample.
    package var learningRate: Double
    /// Height of the pseudo-derivative on the chip.
    package var learningGamma: Double
    /// Decay of the presynaptic trace per step.
    package var traceDecay: Double
    /// Where errors of hidden neurons come from; nil for the readout's weights.
    package var feedback: ThreeFactorRule.Feedback?
    /// Random weights of the feedback lie evenly within plus and minus it; nil for 0.5.
    package var feedbackScale: Double?
    /// Decides the random weights of the feedback; nil for 1.
    package var feedbackSeed: UInt64?
    /// Decay of the potentials of a local readout per step; nil for 0.9.
    package var localDecay: Double?
    /// Errors count in so many last steps of a sample only; nil for all.
    package var signalSteps: Int?
    /// A pull of hidden rates to a target; nil for none.
    package var rate: ThreeFactorRule.RateRegulariser?
    /// When changes are made; nil for a sample's end.
    package var applied: ThreeFactorRule.Application?
    /// Weight of the term that reads the postsynaptic trace; nil for none.
    package var aPost: Double?
    /// Decay of the postsynaptic trace per step; nil for 0.
    package var postDecay: Double?
    /// What a spike meets of the postsynaptic trace; nil for `after`.
    package var postTrace: ThreeFactorRule.TraceReading?
    /// Decay of a second filter of the presynaptic trace; nil without one.
    package var secondPreDecay: Double?
    /// Part of a weight that each of its changes takes off; nil for nothing.
    package var weightDecay: Double?
    /// Where eligibility is kept; nil for the traces of neurons.
    package var eligibility: ThreeFactorRule.Eligibility?

    /// The rule of the projections into hidden populations.
    fileprivate var rule: ThreeFactorRule {
      var rule = ThreeFactorRule(
        learningRate: learningRate, gamma: learningGamma, preDecay: traceDecay,
        postDecay: postDecay ?? 0, aPost: aPost ?? 0, feedback: feedback ?? .symmetric,
        feedbackScale: feedbackScale, localDecay: localDecay, signalSteps: signalSteps, rate: rate,
        applied: applied, postTrace: postTrace, secondPreDecay: secondPreDecay,
        weightDecay: weightDecay, eligibility: eligibility)
      rule.feedbackSeed = feedbackSeed
      return rule
    }
  }

  /// How the fleet runs.
  package struct Fleet: Codable, Sendable, Equatable {
    /// Samples that each node shows its chip in a second.
    package var inferencesPerSecond: Int
    /// Seconds between two telemetry windows.
    package var telemetrySeconds: Int
    /// Milliseconds between two heartbeats.
    package var heartbeatMilliseconds: Int
    /// Seconds of plain inference that are watched before learning starts.
    package var inferenceSeconds: Int
  }

  /// The federated job; all nodes take part.
  package struct Federation: Codable, Sendable, Equatable {
    /// Rounds to run.
    package var rounds: UInt32
    /// Samples each node trains in a round.
    package var samplesPerRound: UInt32
    /// Reports without which a round fails.
    package var minimumReports: Int
    /// Seconds from the offer until a round is sealed or failed.
    package var deadlineSeconds: UInt32
    /// Attempts per round before the job fails.
    package var attempts: UInt32
    /// Points of held-out accuracy that a merged model may lose against the best one.
    package var maxRegression: Double
    /// Seed of the nodes' rounding noise.
    package var seed: UInt64
  }

  /// What must hold at the end, in points of accuracy.
  package struct Expectation: Codable, Sendable, Equatable {
    /// Least held-out accuracy of the base model in percent.
    package var baseAccuracy: Double
    /// Least gain of the federated model over the base model.
    package var federatedGain: Double
    /// Largest distance of the federated model below pooled training.
    package var pooledDistance: Double

    /// What a run has to reach.
    package init(baseAccuracy: Double, federatedGain: Double, pooledDistance: Double) {
      self.baseAccuracy = baseAccuracy
      self.federatedGain = federatedGain
      self.pooledDistance = pooledDistance
    }
  }

  /// Reads a scenario file; every key is needed, forms of learning on the chip excepted, and no
  /// other is known.
  package static func read(_ path: String) throws(ConfigurationError) -> Scenario {
    let document = try StrictDocument(contentsOf: path)
    let scenario = try document.value(Scenario.self)
    do { try scenario.validate(path: path) } catch {
      throw ConfigurationError(
        file: document.place(of: error.key), key: error.key, found: error.found,
        expected: error.expected, cure: error.cure)
    }
    return scenario
  }

  /// The network before training, for samples of so many channels and classes.
  package func template(inputs: Int, classes: Int) -> NetworkTemplate {
    NetworkTemplate(
      name: name, inputs: inputs, hidden: network.hidden, classes: classes, steps: network.steps,
      timeStep: network.timeStepMilliseconds / 1_000, membraneDecay: network.membraneDecay,
      outputDecay: network.outputDecay, threshold: network.threshold,
      hiddenDeviation: network.hiddenDeviation, outputDeviation: network.outputDeviation,
      encoderSeed: network.encoderSeed, weightSeed: network.weightSeed,
      plasticity: .threeFactor(network.rule),
      outputPlasticity: .threeFactor(network.rule.ofReadout))
  }
}
