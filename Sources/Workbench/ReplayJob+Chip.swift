package import CompiledModel
import Foundation

/// A job on a chip that can run it.
package struct ReplayModel: Sendable {
  /// What was recorded.
  package let job: ReplayJob
  /// The job's layers on the chip's cores.
  package let model: CompiledModel

  /// Reads a job with its weights; one that goes beyond the chip is refused.
  package init(contentsOf path: String, for chip: Chip) throws(ConfigurationError) {
    let file = try ReplayJob.file(path)
    job = file.job
    try job.check(against: chip, in: file)
    model = try job.model(for: chip, in: file)
  }
}

extension ReplayJob {
  /// Holds places and loads of cores against the chip.
  fileprivate func check(against chip: Chip, in file: File) throws(ConfigurationError) {
    try check(port.column, port.row, "port", chip, file)
    var used: [Int: Int] = [:]
    for (index, layer) in layers.enumerated() {
      let sources = index == 0 ? inputs : layers[index - 1].neurons
      let targets = index + 1 < layers.count ? layers[index + 1].cores.count : 0
      for (place, core) in layer.cores.enumerated() {
        let key = "layers[\(index)].cores[\(place)]"
        try check(core.column, core.row, key, chip, file)
        let tile = core.row * chip.columns + core.column
        used[tile, default: 0] += 1
        guard used[tile, default: 0] <= chip.coresPerTile else {
          throw file.error(
            key, "core \(used[tile, default: 0]) on tile \(core.column),\(core.row)",
            "at most \(chip.coresPerTile), `mesh.coresPerTile` of \(chip.name)",
            "put it on another tile")
        }
        try check(
          core.neurons, chip.core.neurons, "neurons", key + ".neurons", chip, file)
        try check(sources, chip.core.inAxons, "inAxons", key, chip, file)
        let outAxons = core.neurons.multipliedReportingOverflow(by: targets)
        try check(
          outAxons.overflow ? Int.max : outAxons.partialValue, chip.core.outAxons, "outAxons", key,
          chip, file)
      }
    }
  }

  private func check(
    _ column: Int, _ row: Int, _ key: String, _ chip: Chip, _ file: File
  ) throws(ConfigurationError) {
    for (name, number, count) in [("column", column, chip.columns), ("row", row, chip.rows)]
    where !(0..<count).contains(number) {
      throw file.error(
        "\(key).\(name)", "\(number)",
        "0 to \(count - 1), as \(chip.name) has "
          + "\(chip.columns) x \(chip.rows) tiles", "name a tile of the chip")
    }
  }

  private func check(
    _ need: Int, _ limit: Int, _ name: String, _ key: String, _ chip: Chip, _ file: File
  ) throws(ConfigurationError) {
    guard need > limit else { return }
    let words = ["neurons": "neurons", "inAxons": "in-axons", "outAxons": "out-axons"]
    throw file.error(
      key, "\(need) \(words[name] ?? name) on a core",
      "at most \(limit), `core.\(name)` of \(chip.name)", "spread layers over more cores")
  }

  fileprivate func model(for chip: Chip, in file: File) throws(ConfigurationError) -> CompiledModel
  {
    var compiled: [CompiledLayer] = []
    var cores: [PlacedCore] = []
    var (source, sourceSize) = (Int?.none, inputs)
    for (index, layer) in layers.enumerated() {
      compiled.append(try self.layer(index, from: source, sourceSize, for: chip, in: file))
      var first = 0
      for core in layer.cores {
        cores.append(
          PlacedCore(
            layer: index, firstNeuron: first, neuronCount: core.neurons, column: core.column,
            row: core.row))
        first += core.neurons
      }
      (source, sourceSize) = (index, layer.neurons)
    }
    // A model's own steps do not count here: the recording has its own.
    let model = CompiledModel(
      name: "replay", chip: chip.name, steps: 1, inputs: inputs, input: .bernoulli(seed: 0),
      port: .init(column: port.column, row: port.row), arithmetic: chip.arithmetic,
      layers: compiled, cores: cores, prices: chip.prices, timing: chip.timing)
    do { try model.validate() } catch {
      throw file.error(
        "", "\(error.section).\(error.field) = \(error.found)",
        "\(error.expected), as \(chip.name) computes", "change the job, or take another chip")
    }
    return model
  }

  private func layer(
    _ index: Int, from source: Int?, _ sourceSize: Int, for chip: Chip, in file: File
  ) throws(ConfigurationError) -> CompiledLayer {
    let layer = layers[index]
    let key = "layers[\(index)]"
    let path = URL(filePath: file.path).deletingLastPathComponent()
      .appending(path: layer.weights).path(percentEncoded: false)
    let bytes = try InputFile.bytes(of: path, what: "weights of `\(layer.name)`, a byte each")
    let (count, overflow) = sourceSize.multipliedReportingOverflow(by: layer.neurons)
    guard !overflow, bytes.count == count else {
      throw ConfigurationError(
        file: path, key: "", found: "\(bytes.count) bytes",
        expected: "\(sourceSize) x \(layer.neurons) weights of `\(layer.name)`, a byte each",
        cure: "write [source][target], a signed byte for each weight")
    }
    let (shifted, isLarge) = layer.threshold.multipliedReportingOverflow(
      by: 1 << chip.arithmetic.inputShift)
    guard !isLarge else {
      throw file.error(
        key + ".threshold", "\(layer.threshold)",
        "one that fits 32 bits when shifted left by \(chip.arithmetic.inputShift)",
        "scale weights and threshold down")
    }
    let program = SpikingProgram(
      membrane: MembraneProgram(decay: layer.decay), threshold: NeuronValues(shifted), reset: .soft)
    return CompiledLayer(
      name: layer.name, neurons: .spiking(program), size: layer.neurons, exponent: 0,
      connections: [
        CompiledConnection(
          source: source, sourceSize: sourceSize,
          weights: .fixed(bytes.map { Int8(bitPattern: $0) }))
      ], phase: index + 1)
  }
}
