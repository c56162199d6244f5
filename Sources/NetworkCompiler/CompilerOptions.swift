/// What a compilation may know or choose beyond the network and the chip.
package struct CompilerOptions: Sendable, Equatable {
  /// How cores find their tiles.
  package enum Placement: String, Sendable, CaseIterable {
    /// As few hops of messages as a bounded search finds.
    case leastTraffic = "least-traffic"
    /// Row by row, in the order of layers.
    case rowMajor = "row-major"
  }

  /// Spikes as they were measured, nil for the assumption of `SpikeRates.assumed`.
  package var rates: SpikeRates?
  /// Cores of populations by name, for those that are not left to the compiler.
  package var mapping: [String: PopulationMapping]
  /// How cores find their tiles.
  package var placement: Placement
  /// Each neuron of a fixed spiking layer, each channel of a convolution, has a scale of its own.
  package var perChannel: Bool
  /// Decays make up for what cutting toward zero takes.
  package var roundingLossCorrection: Bool

  /// The compiler's own choices, unless told otherwise.
  package init(
    rates: SpikeRates? = nil, mapping: [String: PopulationMapping] = [:],
    placement: Placement = .leastTraffic, perChannel: Bool = true,
    roundingLossCorrection: Bool = true
  ) {
    self.rates = rates
    self.mapping = mapping
    self.placement = placement
    self.perChannel = perChannel
    self.roundingLossCorrection = roundingLossCorrection
  }
}

/// Mean spikes of a sample, by population and neuron, as a run on calibration data measures them.
package struct SpikeRates: Sendable, Equatable {
  /// Share of steps in which a neuron is assumed to spike where nothing was measured.
  package static let assumed = 0.05

  /// Spikes of a sample by name of the population, the input included: one value for each neuron,
  /// or a single one for all.
  package var spikes: [String: [Float]]

  /// Takes the means as they are; populations that are missing are assumed.
  package init(spikes: [String: [Float]]) {
    self.spikes = spikes
  }

  /// Mean spikes of a sample of one neuron, nil where they were not measured.
  package func spikes(of population: String, neuron: Int) -> Double? {
    guard let values = spikes[population], !values.isEmpty else { return nil }
    return Double(values.count == 1 ? values[0] : neuron < values.count ? values[neuron] : 0)
  }
}

/// Where a population's neurons go.
package enum PopulationMapping: Sendable, Equatable {
  /// Evenly over so many cores, wherever the placement puts them.
  case cores(Int)
  /// On these tiles in the order of neurons, a core for each entry.
  case places([Place])

  /// A core's tile and its share of neurons.
  package struct Place: Sendable, Equatable {
    /// Tile's place in its row of the mesh.
    package var column: Int
    /// Tile's place in its column of the mesh.
    package var row: Int
    /// Neurons of the core.
    package var neuronCount: Int

    /// A core on a tile.
    package init(column: Int, row: Int, neuronCount: Int) {
      self.column = column
      self.row = row
      self.neuronCount = neuronCount
    }
  }
}
