import CompiledModel
import SpikingNetwork

/// Where intensities drive neurons themselves: worked out once a sample, added in each step.
struct DirectPlan: Sendable {
  /// Positions of the connections.
  let connections: [Int]
  /// By layer that they feed: what they add to its neurons in each step.
  let drives: [Int: Block<Int32>]
  /// Sums of a run of sources of one connection.
  let sums: Block<Int32>

  init(_ model: CompiledModel, _ connections: [ConnectionPlan], _ builder: inout PlanBuilder) {
    self.connections = connections.indices.filter { connections[$0].isDirect }
    var drives: [Int: Block<Int32>] = [:]
    var widest = 0
    for number in self.connections {
      let layer = connections[number].index.layer
      let size = PlanBuilder.padded(model.layers[layer].size)
      widest = max(widest, size)
      if drives[layer] == nil { drives[layer] = builder.scratch(size, of: Int32.self) }
    }
    self.drives = drives
    sums = builder.scratch(widest, of: Int32.self)
  }
}

extension InputProgram {
  /// Decides the spikes, where chance does.
  var seed: UInt64? {
    switch self {
    case .bernoulli(let seed), .draws(let seed, _): seed
    case .latency, .directCurrent, .levelCrossing: nil
    }
  }

  /// A table of levels of its own.
  var levels: [UInt16]? {
    if case .draws(_, let levels) = self { return levels }
    return nil
  }

  /// The rule of an input whose spikes are known once the sample is.
  var sampleRule: SampleEncoder.Rule? {
    switch self {
    case .bernoulli, .draws: nil
    case .latency: .latency
    case .directCurrent: .directCurrent
    case .levelCrossing(let threshold): .levelCrossing(threshold: Int(threshold))
    }
  }
}
