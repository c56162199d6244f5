import CompiledModel

/// Who reaches whom along one connection, pair by pair, and how many synapses each core holds.
struct ReferenceSynapses {
  /// One synapse of a source.
  struct Synapse {
    let target: Int
    /// Place of its weight among those of the connection.
    let weight: Int
  }

  /// By source after pooling: its synapses, by target.
  let bySource: [[Synapse]]
  /// By source after pooling: number of its synapses on each of the model's cores.
  let fanOut: [[Int]]

  init(_ connection: CompiledConnection, layer: Int, of model: CompiledModel) {
    let targets = model.layers[layer].size
    var bySource: [[Synapse]] = []
    for source in 0..<connection.pooledSize {
      bySource.append(Self.synapses(of: source, targets: targets, connection.layout))
    }
    self.bySource = bySource
    fanOut = bySource.map { synapses in
      model.cores.map { core in
        core.layer == layer ? synapses.count { core.neurons.contains($0.target) } : 0
      }
    }
  }

  private static func synapses(
    of source: Int, targets: Int, _ layout: SynapseLayout
  ) -> [Synapse] {
    switch layout {
    case .dense:
      return (0..<targets).map { Synapse(target: $0, weight: source * targets + $0) }
    case .sparse(let rowStarts, let targets):
      return (Int(rowStarts[source])..<Int(rowStarts[source + 1])).map { entry in
        Synapse(target: Int(targets[entry]), weight: entry)
      }
    case .convolution(let shape):
      return synapses(of: source, shape)
    case .oneToOne:
      return [Synapse(target: source, weight: 0)]
    }
  }

  /// Target (y, x, o) sees sources at (y * stride + ky - padding, x * stride + kx - padding).
  private static func synapses(of source: Int, _ shape: ConvolutionShape) -> [Synapse] {
    let channel = source % shape.inputChannels
    let row = source / shape.inputChannels / shape.width
    let column = source / shape.inputChannels % shape.width
    var found: [Synapse] = []
    for y in 0..<shape.outputHeight {
      let ky = row - y * shape.stride + shape.padding
      guard (0..<shape.kernelHeight).contains(ky) else { continue }
      for x in 0..<shape.outputWidth {
        let kx = column - x * shape.stride + shape.padding
        guard (0..<shape.kernelWidth).contains(kx) else { continue }
        for output in 0..<shape.outputChannels {
          let place = (channel * shape.kernelHeight + ky) * shape.kernelWidth + kx
          found.append(
            Synapse(
              target: (y * shape.outputWidth + x) * shape.outputChannels + output,
              weight: place * shape.outputChannels + output))
        }
      }
    }
    return found
  }
}
