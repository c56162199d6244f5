/// What the chip does and the ledger counts; each kind has its own price.
///
/// Raw values are the positions of the counts on the wire and in stores: kinds are only appended.
package enum EventKind: Int, CaseIterable, Sendable {
  /// One weight of a dense row added to one neuron's input: spikes times fan-out.
  case synapticOperation = 0
  /// A mapped neuron is visited in a step.
  case neuronAccess = 1
  /// A visited neuron computes: a spike reaches it, or potential, current or bias is not zero.
  case neuronUpdate = 2
  /// A neuron fires.
  case spike = 3
  /// A spike leaves for one destination core.
  case message = 4
  /// A message, of either kind, passes a link between tiles of one row.
  case hopHorizontal = 5
  /// A message, of either kind, passes a link between tiles of one column.
  case hopVertical = 6
  /// All cores meet at the barrier that ends a step.
  case step = 7
  /// The error of one class leaves the readout for one core that learns.
  case errorMessage = 8
  /// One error times one weight of the way back, added to a neuron's learning signal, or one spike
  /// added to a potential of a local readout.
  case feedbackOperation = 9
  /// A trace of a neuron, an axon or a synapse decays, and rises at a spike.
  case traceUpdate = 10
  /// One synapse's change is computed from traces and signal, or added to its accumulator.
  case learningOperation = 11
  /// A learning weight of 16 bits is read to be changed.
  case weightRead = 12
  /// A learning weight of 16 bits is written.
  case weightWrite = 13
  /// One weight of a list of targets added to one neuron's input.
  case sparseOperation = 14
  /// One shared weight, of a convolution or of a plain sum, added to one neuron's input.
  case convolutionOperation = 15
  /// A column's sum over rows read at once is converted, where weights are summed in memory.
  case columnConversion = 16

  /// Stable text for files, tables and metrics.
  package var name: String {
    switch self {
    case .synapticOperation: "synaptic-operation"
    case .neuronAccess: "neuron-access"
    case .neuronUpdate: "neuron-update"
    case .spike: "spike"
    case .message: "message"
    case .hopHorizontal: "hop-horizontal"
    case .hopVertical: "hop-vertical"
    case .step: "step"
    case .errorMessage: "error-message"
    case .feedbackOperation: "feedback-operation"
    case .traceUpdate: "trace-update"
    case .learningOperation: "learning-operation"
    case .weightRead: "weight-read"
    case .weightWrite: "weight-write"
    case .sparseOperation: "sparse-operation"
    case .convolutionOperation: "convolution-operation"
    case .columnConversion: "column-conversion"
    }
  }

  /// The part of the chip that an event is charged to.
  package var component: EnergyComponent {
    switch self {
    case .synapticOperation, .sparseOperation, .convolutionOperation, .columnConversion: .synapse
    case .neuronAccess, .neuronUpdate, .spike: .neuron
    case .message, .hopHorizontal, .hopVertical, .errorMessage: .traffic
    case .step: .synchronisation
    case .feedbackOperation, .traceUpdate, .learningOperation, .weightRead, .weightWrite: .learning
    }
  }
}

/// A part of the chip that joules are summed over; raw values are stable text.
package enum EnergyComponent: String, CaseIterable, Sendable, Comparable {
  /// Synapse memory and the sum of inputs.
  case synapse
  /// Neuron state, thresholds and spikes.
  case neuron
  /// Messages and links between cores.
  case traffic
  /// Traces, learning signals and weight changes.
  case learning
  /// Barriers between steps.
  case synchronisation

  /// In the order of declaration, which is the order of tables.
  package static func < (left: EnergyComponent, right: EnergyComponent) -> Bool {
    let order = EnergyComponent.allCases
    return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
  }
}
