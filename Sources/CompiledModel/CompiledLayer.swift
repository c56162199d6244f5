/// A population as the chip runs it, with the connections that feed it.
package struct CompiledLayer: Sendable, Equatable {
  /// Name of the population.
  package var name: String
  /// What its neurons compute.
  package var neurons: NeuronProgram
  /// Number of neurons.
  package var size: Int
  /// One unit of its connections' finest weights times the resistance is `2^exponent`, or near it
  /// where `units` has scales.
  package var exponent: Int32
  /// What its integers stand for.
  package var units: NetworkUnits
  /// What feeds them, in the order in which rules draw and files list; at least one.
  package var connections: [CompiledConnection]
  /// Chip steps by which the layer runs behind the input, at least 1.
  package var phase: Int
  /// What a label adds to its neurons while they learn; the last layer only.
  package var teacher: TeacherProgram?
  /// How spikes of its neurons stand for classes; the last layer only.
  package var assignment: ClassAssignment?
  /// Where its learning signals come from, nil for the readout's weights in each step; a layer that
  /// learns by the three-factor rule only.
  package var signal: LearningSignalProgram?
  /// The running mean that rewards are less, nil for rewards as they are; a layer whose rules read
  /// the reward only.
  package var rewardMean: RewardMean?
  /// How plastic its neurons still are, in 1/32768; a readout whose weights of one bit learn only.
  package var plasticities: [Int16]?

  /// Takes the parts as they are; `CompiledModel.validate()` judges them.
  package init(
    name: String, neurons: NeuronProgram, size: Int, exponent: Int32,
    units: NetworkUnits = NetworkUnits(), connections: [CompiledConnection], phase: Int,
    teacher: TeacherProgram? = nil, assignment: ClassAssignment? = nil,
    signal: LearningSignalProgram? = nil, plasticities: [Int16]? = nil,
    rewardMean: RewardMean? = nil
  ) {
    self.rewardMean = rewardMean
    self.plasticities = plasticities
    self.signal = signal
    self.name = name
    self.neurons = neurons
    self.size = size
    self.exponent = exponent
    self.units = units
    self.connections = connections
    self.phase = phase
    self.teacher = teacher
    self.assignment = assignment
  }

  /// How thresholds rise from sample to sample, if they do.
  package var homeostasis: SpikingProgram.Homeostasis? {
    if case .spiking(let program) = neurons { return program.homeostasis }
    return nil
  }
}

/// For which classes the neurons of the last layer fire, as labels have shown.
///
/// A sample's score of a class is the sum over neurons of its spikes times the neuron's share,
/// `(count << 16) / sum of the neuron's counts`, 0 where that sum is.
package struct ClassAssignment: Sendable, Equatable {
  /// Number of classes.
  package var classes: Int
  /// Spikes by neuron and class, `[neuron][class]`; a neuron's counts are halved before one would
  /// pass 32767.
  package var counts: [Int16]

  /// Takes the counts as they are.
  package init(classes: Int, counts: [Int16]) {
    self.classes = classes
    self.counts = counts
  }

  /// Whether no neuron stands for any class yet.
  package var isEmpty: Bool { counts.allSatisfy { $0 == 0 } }
}

/// A running mean of rewards, which the rules of a layer see the reward less of.
package struct RewardMean: Sendable, Equatable {
  /// Part of the way to each reward, in 1/65536.
  package var rate: Int32
  /// The mean in 1/128 of a reward's unit, as it is learnt.
  package var mean: Int16

  /// Takes the parameters as they are.
  package init(rate: Int32, mean: Int16 = 0) {
    self.rate = rate
    self.mean = mean
  }

  /// Bits of the mean below a reward's unit.
  package static let shift: Int32 = 7
  /// Largest magnitude of a mean: that of a reward.
  package static let bounds: ClosedRange<Int16> = -32_767...32_767

  /// What rules see of a reward.
  package func seen(_ reward: Int32) -> Int32 { reward - Int32(mean) >> Self.shift }
}

/// What a label adds to the potentials of the last layer in each step of learning.
package struct TeacherProgram: Sendable, Equatable {
  /// Added to the neuron of the label.
  package var excitation: Int32
  /// Taken from every other neuron.
  package var inhibition: Int32
  /// Whether samples that were judged right are not learnt.
  package var onMistakes: Bool

  /// A teacher's two strengths, in units of the potential, for all samples unless told otherwise.
  package init(excitation: Int32, inhibition: Int32, onMistakes: Bool = false) {
    self.excitation = excitation
    self.inhibition = inhibition
    self.onMistakes = onMistakes
  }
}

/// A core in use: which neurons of which layer it holds, and where it lies.
package struct PlacedCore: Sendable, Equatable {
  /// Index of the layer.
  package var layer: Int
  /// First of its neurons.
  package var firstNeuron: Int
  /// Number of its neurons.
  package var neuronCount: Int
  /// Tile's place in its row of the mesh.
  package var column: Int
  /// Tile's place in its column of the mesh.
  package var row: Int

  /// A core that holds `neuronCount` neurons of a layer from `firstNeuron` on.
  package init(layer: Int, firstNeuron: Int, neuronCount: Int, column: Int, row: Int) {
    self.layer = layer
    self.firstNeuron = firstNeuron
    self.neuronCount = neuronCount
    self.column = column
    self.row = row
  }

  /// Its neurons within the layer.
  package var neurons: Range<Int> { firstNeuron..<firstNeuron + neuronCount }
}
