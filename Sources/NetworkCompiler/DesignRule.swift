package import SpikingNetwork

/// What a chip demands of a network; raw values are stable names for tables and scripts.
package enum DesignRule: String, CaseIterable, Sendable {
  /// The input reaches every population, and one of them is the output.
  case topology
  /// Cores together hold the layer's neurons.
  case coreNeurons = "core-neurons"
  /// A core listens to every source of its neurons.
  case coreInAxons = "core-in-axons"
  /// A core's neurons reach every core that holds synapses of theirs.
  case coreOutAxons = "core-out-axons"
  /// A core holds at least one neuron's synapses.
  case synapseMemory = "synapse-memory"
  /// A core holds at least one neuron's synapses with what their learning needs.
  case learningMemory = "learning-memory"
  /// A mapping names populations of the network and tiles of the chip, and has all their neurons.
  case mapping
  /// The chip has enough cores for all layers.
  case chipCores = "chip-cores"
  /// Weights fit the chip's integers under some scale.
  case weightRange = "weight-range"
  /// Threshold, bias and reset potential fit the chip's potential.
  case potentialRange = "potential-range"
  /// What a neuron's sources add in one step fits the 32 bits of a sum.
  case inputRange = "input-range"
  /// A core keeps spikes for as long as connections delay them.
  case delayRange = "delay-range"
  /// Every cycle delays spikes by at least as many steps as it has connections.
  case delayCycle = "delay-cycle"
  /// A layer can spike at all, and does on measured data.
  case deadLayer = "dead-layer"
  /// A layer is not driven into the end of its range.
  case saturatingLayer = "saturating-layer"
  /// The chip knows the reset.
  case resetMode = "reset-mode"
  /// The chip knows the neuron's dynamics.
  case neuronModel = "neuron-model"
  /// The chip's synapse memory has the layout, and pools where a connection does.
  case layoutUnsupported = "layout-unsupported"
  /// The chip keeps weights of the precision.
  case precisionUnsupported = "precision-unsupported"
  /// The chip's neurons rest as long as the network's.
  case refractoryRange = "refractory-range"
  /// The chip can run the learning rule where the network has it.
  case learningUnsupported = "learning-unsupported"
  /// Connections of an input of direct current are what the chip can work out once a sample.
  case directCurrent = "direct-current"
  /// The chip's layers can do what the population asks for besides its dynamics.
  case operationUnsupported = "operation-unsupported"
  /// Neurons that compete lie where they can find their winner.
  case competition
  /// The model keeps to the limits of the file format.
  case formatLimit = "format-limit"
}

/// A rule that a network breaks, where, by how much, and the way out.
package struct DesignViolation: Sendable, Equatable, CustomStringConvertible {
  /// Name of the population, or of the network for rules of the whole.
  package let layer: String
  /// The rule.
  package let rule: DesignRule
  /// What the chip allows.
  package let limit: String
  /// What the network needs.
  package let need: String
  /// What to do about it.
  package let cure: String

  package var description: String {
    "\(layer): \(rule.rawValue): needs \(need), limit \(limit); \(cure)"
  }
}

/// Why a network was not compiled.
package enum CompileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The description itself is wrong.
  case network(NetworkError)
  /// The chip cannot hold or run it; all broken rules, in the order of the layers.
  case rules(network: String, chip: String, [DesignViolation])

  /// The broken rules, none for a wrong description.
  package var violations: [DesignViolation] {
    if case .rules(_, _, let violations) = self { return violations }
    return []
  }

  package var description: String {
    switch self {
    case .network(let error):
      return "\(error)"
    case .rules(let network, let chip, let violations):
      let head = "network \(network) does not fit chip \(chip):"
      return ([head] + violations.map { "  \($0)" }).joined(separator: "\n")
    }
  }
}
