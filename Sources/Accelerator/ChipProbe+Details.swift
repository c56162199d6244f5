package import CompiledModel

extension ProbedState {
  /// State of learning beyond the first traces of connections.
  package struct Detail: Sendable, Equatable {
    /// What the values are; raw values are stable text.
    package enum Quantity: String, Sendable, CaseIterable {
      /// By source: the second trace of a program's sources, where it has two.
      case x2
      /// By target: traces of a program's targets behind the first.
      case y2, y3
      /// By source: what the second filter of a presynaptic trace takes in.
      case firstFilter = "first-filter"
      /// By synapse: the tag of a program.
      case tag
      /// By synapse: what an adaptive threshold takes off the presynaptic trace.
      case eligibility
      /// By class: potentials of a layer's own readout.
      case localReadout = "local-readout"

      /// Whether there is a value for each source.
      package var isOfSources: Bool { self == .x2 || self == .firstFilter }

      /// Whether there is a value for each synapse.
      package var isOfSynapses: Bool { self == .tag || self == .eligibility }

      init?(_ name: LearningProgram.Variable) { self.init(rawValue: "\(name)") }
    }

    /// The connection; nil for what belongs to the layer.
    package let connection: CompiledModel.ConnectionIndex?
    /// What the values are.
    package let quantity: Quantity
    /// By source, by target, `[source * targets + target]` or by class.
    package let values: [Int32]
  }
}

extension Accelerator {
  /// What a layer that learns has besides first traces, by connection.
  func details(layer: Int) -> [ProbedState.Detail] {
    var details: [ProbedState.Detail] = []
    for place in plan.programs.indices {
      let memory = plan.programs[place].pointee
      if memory.plastic.index.layer == layer { details += programDetails(memory) }
    }
    for place in plan.threeFactor.indices {
      let memory = plan.threeFactor[place].pointee
      let plastic = memory.plastic
      guard plastic.index.layer == layer else { continue }
      if let first = memory.firstTraces {
        let values = resting.read(first, count: plastic.sources).map(Int32.init)
        details.append(
          .init(connection: plastic.index, quantity: .firstFilter, values: values))
      }
      if let eligibility = memory.eligibility {
        details.append(
          .init(
            connection: plastic.index, quantity: .eligibility,
            values: synapses(lasting[eligibility.traces], plastic)))
      }
    }
    details = details.enumerated().sorted {
      ($0.element.connection?.connection ?? 0, $0.offset)
        < ($1.element.connection?.connection ?? 0, $1.offset)
    }.map(\.element)
    for place in plan.takers.indices where plan.takers[place].pointee.layer == layer {
      guard let local = plan.takers[place].pointee.local else { continue }
      details.append(
        .init(
          connection: nil, quantity: .localReadout,
          values: resting.read(local.potentials, count: plan.model.classes)))
    }
    return details
  }

  private func programDetails(_ memory: ProgramPlan) -> [ProbedState.Detail] {
    let (sources, targets) = (memory.plastic.sources, memory.plastic.targets)
    var details: [ProbedState.Detail] = []
    for isOfSources in [true, false] {
      let traces = memory.traces.filter { $0.rule.name.isPresynaptic == isOfSources }
      for trace in traces.dropFirst() {
        guard let quantity = ProbedState.Detail.Quantity(trace.rule.name) else { continue }
        let values = resting.read(trace.values, count: isOfSources ? sources : targets)
        details.append(
          .init(
            connection: memory.plastic.index, quantity: quantity, values: values.map(Int32.init)))
      }
    }
    if let tags = memory.tags {
      details.append(
        .init(
          connection: memory.plastic.index, quantity: .tag,
          values: synapses(resting[tags], memory.plastic)))
    }
    return details
  }

  private func synapses(_ rows: UnsafePointer<Int16>, _ plastic: PlasticPlan) -> [Int32] {
    (0..<plastic.sources).flatMap { source in
      (0..<plastic.targets).map { Int32(rows[source * plastic.stride + $0]) }
    }
  }
}
