/// What a model cost in one window.
package struct WindowCost: Sendable, Equatable {
  /// Inferences of the window.
  package var inferences: UInt64
  /// Joules of the chip; nil where its price table is not known.
  package var joules: Double?
  /// Spikes of its neurons.
  package var spikes: UInt64
  /// Modelled time of the chip in microseconds.
  package var microseconds: UInt64

  /// A window with its costs.
  package init(inferences: UInt64, joules: Double?, spikes: UInt64, microseconds: UInt64) {
    self.inferences = inferences
    self.joules = joules
    self.spikes = spikes
    self.microseconds = microseconds
  }
}

/// A window of the present model and the window of the new one that it is held against.
///
/// With a shadow both saw the same inputs. Without one they are as many windows before the change
/// and after it on one node.
package struct WindowPair: Sendable, Equatable {
  /// The model that is to be replaced.
  package var present: WindowCost
  /// The model that is to replace it.
  package var new: WindowCost

  /// Two windows.
  package init(present: WindowCost, new: WindowCost) {
    self.present = present
    self.new = new
  }
}

/// How often either model was right.
package enum AccuracyEvidence: Sendable, Equatable {
  /// Both on the same inputs; the present model is the first.
  case paired(PairedProportions)
  /// Each on inputs of its own: what the new model loses, as the mean over pairs of windows, less
  /// what a control group lost meanwhile.
  ///
  /// Exact counts of four groups would need several times as much (`ProportionContrast`).
  case apart(MeanOfPairs)

  func evidence(below bound: Double) -> SequentialEvidence {
    switch self {
    case .paired(let pairs): pairs.evidence(below: bound)
    case .apart(let losses): losses.evidence(below: bound)
    }
  }

  var estimate: Double {
    switch self {
    case .paired(let pairs): pairs.estimate
    case .apart(let losses): losses.estimate
    }
  }
}

/// All that is known of a new model beside the present one.
package struct GateEvidence: Sendable, Equatable {
  /// Inputs with a label that were answered right, or not; nil without labels.
  package var accuracy: AccuracyEvidence?
  /// Windows against windows.
  package var pairs: [WindowPair]
  /// Inputs that both answered, and those that they answered differently; nil without a shadow.
  package var disagreements: ProportionContrast.Arm?
  /// Inputs that the new model has answered.
  package var samples: UInt64

  /// Nothing known.
  package init() { (pairs, samples) = ([], 0) }
}
