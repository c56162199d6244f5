import Foundation

/// A chain of dense layers of leaky integrate-and-fire neurons on the tiles of a mesh, whose spikes
/// were recorded elsewhere: what `spikefleet chip replay` reads.
package struct ReplayJob: Decodable, Sendable {
  /// A place on the mesh.
  package struct Tile: Decodable, Sendable {
    var column: Int
    var row: Int
  }

  /// A core with the next of its layer's neurons.
  package struct Core: Decodable, Sendable {
    var column: Int
    var row: Int
    var neurons: Int
  }

  /// Neurons of one kind, fed by the layer before, or by the input.
  package struct Layer: Decodable, Sendable {
    var name: String
    var neurons: Int
    /// File beside the job: a signed byte for each weight, `[source][target]`.
    var weights: String
    /// In units of the weights; a spike subtracts it.
    var threshold: Int32
    /// In 1/4096.
    var decay: Int32
    var cores: [Core]
  }

  private enum CodingKeys: String, CodingKey {
    case steps, inputs, port, layers
  }

  /// Name of the input among the populations of a recording.
  static let input = "input"
  static let stepsMax = 65_536
  static let neuronsMax = 1 << 20

  /// Chip steps that were recorded.
  package var steps: Int
  var inputs: Int
  /// Tile at which input spikes enter.
  var port: Tile
  var layers: [Layer]

  /// The job and where its keys are.
  struct File {
    let job: ReplayJob
    let path: String
    private let document: StrictDocument

    init(_ path: String) throws(ConfigurationError) {
      self.path = path
      document = try StrictDocument(contentsOf: path)
      job = try document.value(ReplayJob.self)
    }

    func error(
      _ key: String, _ found: String, _ expected: String, _ cure: String
    ) -> ConfigurationError {
      ConfigurationError(
        file: document.place(of: key), key: key, found: found, expected: expected, cure: cure)
    }
  }

  /// Reads a job; one that is no job of any chip is refused.
  static func file(_ path: String) throws(ConfigurationError) -> File {
    let file = try File(path)
    try file.job.checkSizes(in: file)
    try file.job.checkNames(in: file)
    return file
  }

  private func checkSizes(in file: File) throws(ConfigurationError) {
    func check(
      _ number: Int, _ limit: Int, _ key: String
    ) throws(ConfigurationError) {
      guard !(1...limit).contains(number) else { return }
      throw file.error(key, "\(number)", "1 to \(limit)", "record a smaller network or less of it")
    }
    try check(steps, Self.stepsMax, "steps")
    try check(inputs, Self.neuronsMax, "inputs")
    guard !layers.isEmpty else {
      throw file.error("layers", "an empty list", "at least one layer", "describe the layers")
    }
    for (index, layer) in layers.enumerated() {
      let key = "layers[\(index)]"
      try check(layer.neurons, Self.neuronsMax, key + ".neurons")
      for (place, core) in layer.cores.enumerated() {
        try check(core.neurons, Self.neuronsMax, "\(key).cores[\(place)].neurons")
      }
      let held = layer.cores.reduce(0) { $0 + $1.neurons }
      guard held == layer.neurons else {
        throw file.error(
          key + ".cores", "cores that hold \(held) neurons",
          "\(layer.neurons), those of `\(layer.name)`", "give each neuron one core")
      }
    }
  }

  private func checkNames(in file: File) throws(ConfigurationError) {
    var names: Set<String> = [Self.input]
    for (index, layer) in layers.enumerated() {
      let key = "layers[\(index)].name"
      guard layer.name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,62}/) != nil else {
        throw file.error(
          key, "`\(YAMLNode.shortened(layer.name))`", "[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
          "use a short name")
      }
      guard names.insert(layer.name).inserted else {
        throw file.error(
          key, "`\(layer.name)` for a second time",
          "a name of its own, other than `\(Self.input)`",
          "rename it, here and in the recording")
      }
    }
  }
}
