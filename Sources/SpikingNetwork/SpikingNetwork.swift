/// A network as it is described: populations, projections, floating point, units; nothing placed.
///
/// Every sample is shown for `steps` steps of `timeStep` seconds, states start at rest.
package struct SpikingNetwork: Sendable, Equatable, Codable {
  /// Name of the network, `[a-z0-9][a-z0-9._-]{0,62}`.
  package var name: String
  /// Length of a step in seconds.
  package var timeStep: Double
  /// Steps for which one sample is shown.
  package var steps: Int
  /// How intensities become input spikes.
  package var encoder: SpikeEncoder
  /// Groups of neurons; names are unique.
  package var populations: [Population]
  /// Connections between populations.
  package var projections: [Projection]

  /// Takes the parts as they are; `validate()` judges them.
  package init(
    name: String, timeStep: Double, steps: Int, encoder: SpikeEncoder,
    populations: [Population], projections: [Projection]
  ) {
    self.name = name
    self.timeStep = timeStep
    self.steps = steps
    self.encoder = encoder
    self.populations = populations
    self.projections = projections
  }

  /// The population of this name, if there is one.
  package func population(named name: String) -> Population? {
    populations.first { $0.name == name }
  }
}
