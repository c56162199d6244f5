import CKernels
package import CompiledModel

/// The detailed model of time: follows every message over the mesh, one sample at a time.
///
/// It observes samples that are inferred: give it to the chip as a probe, then call `finish`.
package struct MeshTiming: Sendable {
  private let timing: TimingTable
  private let cores: [PlacedCore]
  private let phases: [Int]
  private let steps: Int
  private let barrier: Double
  /// Of the input, then the layers: whom a spike reaches.
  private let traffic: [TrafficPlan]
  private let constants: ChipMemory
  private let coreRanges: [Range<Int>]
  private var routes: MeshRoutes
  /// By chip step and sender, the port first: what is to be sent.
  private var queues: [[[MeshMessage]]] = []

  /// Times a valid model.
  package init(_ model: CompiledModel) {
    timing = model.timing
    cores = model.cores
    phases = [0] + model.layers.map(\.phase)
    steps = model.steps
    let tiles = Set(model.cores.map { [$0.column, $0.row] })
    barrier = Double(model.timing.barrier(activeTiles: tiles.count))
    var builder = PlanBuilder()
    traffic = (0...model.layers.count).map { source in
      TrafficPlan(model, source: source == 0 ? nil : source - 1, &builder)
    }
    constants = builder.makeConstants()
    coreRanges = model.layers.indices.map { model.coreRange(of: $0) }
    routes = MeshRoutes(model)
  }

  /// Takes the input's spikes of a chip step, rising.
  mutating func takeInput(_ spikes: [Int32], chipStep: Int) {
    reach(chipStep)
    for spike in spikes {
      queues[chipStep][0] += messages(of: Int(spike), from: 0, source: 0, after: 0)
    }
  }

  /// Takes a layer's step: who was updated and who spiked, rising.
  mutating func take(layer: Int, updates: [Int32], spikes: [Int32], chipStep: Int) {
    reach(chipStep)
    var (updates, spikes) = (updates[...], spikes[...])
    for core in coreRanges[layer] {
      var pending: UInt64 = 0
      for neuron in cores[core].neurons {
        pending += UInt64(timing[.neuronAccess])
        if updates.first.map(Int.init) == neuron {
          updates.removeFirst()
          pending += UInt64(timing[.neuronUpdate])
        }
        guard spikes.first.map(Int.init) == neuron else { continue }
        spikes.removeFirst()
        pending += UInt64(timing[.spike])
        let messages = messages(of: neuron, from: core + 1, source: layer + 1, after: pending)
        if !messages.isEmpty { pending = 0 }
        queues[chipStep][core + 1] += messages
      }
      if pending > 0 {
        queues[chipStep][core + 1].append(MeshMessage(generation: Double(pending)))
      }
    }
  }

  private mutating func reach(_ chipStep: Int) {
    while queues.count <= chipStep {
      queues.append([[MeshMessage]](repeating: [], count: cores.count + 1))
    }
  }

  /// One message for each core that a spike reaches, cores rising; `after` so much neuron work.
  private mutating func messages(
    of spike: Int, from sender: Int, source: Int, after pending: UInt64
  ) -> [MeshMessage] {
    let plan = traffic[source]
    let group = constants[plan.groups][Int(constants[plan.groupOf][spike])]
    let targets = constants[plan.targets] + Int(group.firstTarget)
    return (0..<Int(group.targetCount)).map { place in
      let target = targets[place]
      let generation = UInt64(timing[.message]) + (place == 0 ? pending : 0)
      return MeshMessage(
        generation: Double(generation), target: Int(target.core),
        route: routes.route(from: sender, to: Int(target.core)),
        processing: Double(target.picoseconds))
    }
  }

  /// Ends a sample of so many chip steps, those of an inference if nothing is said; its time in
  /// picoseconds, each step rounded.
  package mutating func finish(chipSteps: Int? = nil) -> UInt64 {
    let chipSteps = chipSteps ?? steps + (phases.max() ?? 0)
    precondition(queues.count <= chipSteps, "\(queues.count) of \(chipSteps) chip steps were taken")
    let empty = MeshTraffic(routes, cores: cores.count, linkBuffer: timing.linkBuffer)
    var picoseconds = UInt64(chipSteps - queues.count) * UInt64(barrier)
    for queue in queues {
      var traffic = empty
      picoseconds += UInt64((traffic.run(queue) + barrier).rounded())
    }
    queues = []
    return picoseconds
  }
}

extension MeshTiming: ChipProbe {
  /// Takes the spikes, and of a layer the updates, of a logical step.
  package mutating func observe(_ state: ProbedState) {
    guard let layer = state.layer else {
      takeInput(state.spikes, chipStep: state.step)
      return
    }
    take(
      layer: layer, updates: state.updates, spikes: state.spikes,
      chipStep: state.step + phases[layer + 1])
  }
}
