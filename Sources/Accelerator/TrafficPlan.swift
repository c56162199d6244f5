import CKernels
import CompiledModel

/// What the spikes of a source cause on the way: sources that cause the same make a group.
///
/// Only numbers of spikes by group are counted while a sample runs; what they stand for is added at
/// its end.
struct TrafficPlan: Sendable {
  let groups: Block<TrafficGroup>
  let targets: Block<TrafficTarget>
  /// Group of each source.
  let groupOf: Block<UInt32>
  /// First sources of neighbours of one group, then the number of sources.
  let runs: Block<Int32>
  let runCount: Int
  let tally: Block<UInt32>
  /// Spikes of the sample by group.
  let totals: Block<UInt64>
  let groupCount: Int

  init(_ model: CompiledModel, source: Int?, _ builder: inout PlanBuilder) {
    let size = source.map { model.layers[$0].size } ?? model.inputs
    var fanOuts = FanOutTable()
    var grouping = SourceGrouping(size: size)
    if let source {
      for core in model.coreRange(of: source) {
        grouping.split(model.cores[core].neurons, by: core)
      }
    }
    for index in model.connections where model[index].source == source {
      let classes = fanOuts.classes(
        of: model[index], cores: model.coreRange(of: index.layer), model)
      grouping.split(by: classes)
    }
    var groups: [TrafficGroup] = []
    var targets: [TrafficTarget] = []
    for members in grouping.classesByGroup(hasSender: source != nil) {
      let reached = fanOuts.targets(of: members.classes, model.timing)
      let place =
        members.sender.map {
          CompiledModel.MeshPlace(column: model.cores[$0].column, row: model.cores[$0].row)
        } ?? model.port
      var group = TrafficGroup()
      group.firstTarget = UInt32(targets.count)
      group.targetCount = UInt32(reached.count)
      group.sender = Int32(members.sender ?? -1)
      for target in reached {
        let core = model.cores[Int(target.core)]
        group.horizontal += UInt32(abs(core.column - place.column))
        group.vertical += UInt32(abs(core.row - place.row))
      }
      group.picoseconds = UInt64(reached.count) * UInt64(model.timing[.message])
      groups.append(group)
      targets += reached
    }
    groupCount = groups.count
    self.groups = builder.constant(groups)
    self.targets = builder.constant(targets)
    groupOf = builder.constant(grouping.groupOf)
    let runs = grouping.groupOf.indices.filter { source in
      source == 0 || grouping.groupOf[source] != grouping.groupOf[source - 1]
    }
    runCount = runs.count
    self.runs = builder.constant(runs.map { Int32($0) } + [Int32(size)])
    tally = builder.scratch(groups.count, of: UInt32.self)
    totals = builder.state(groups.count, of: UInt64.self)
  }
}

/// Sources in groups that agree in all that was asked of them so far.
private struct SourceGrouping {
  private(set) var groupOf: [UInt32]
  /// By group: the answers, in the order of the questions.
  private var answers: [[Int]] = [[]]

  init(size: Int) { groupOf = [UInt32](repeating: 0, count: size) }

  /// The first question: all sources of a range answer `core`; ranges come in order.
  mutating func split(_ sources: Range<Int>, by core: Int) {
    if sources.lowerBound > 0 { answers.append([]) }
    let group = UInt32(answers.count - 1)
    answers[Int(group)] = [core]
    for source in sources { groupOf[source] = group }
  }

  /// One more question, with the answers of all sources.
  mutating func split(by classes: [Int]) {
    var numbers: [UInt64: UInt32] = [:]
    var next: [[Int]] = []
    for source in groupOf.indices {
      let key = UInt64(groupOf[source]) << 32 | UInt64(classes[source])
      if let known = numbers[key] {
        groupOf[source] = known
        continue
      }
      let number = UInt32(next.count)
      numbers[key] = number
      next.append(answers[Int(groupOf[source])] + [classes[source]])
      groupOf[source] = number
    }
    answers = next
  }

  func classesByGroup(hasSender: Bool) -> [(sender: Int?, classes: ArraySlice<Int>)] {
    answers.map { (hasSender ? $0[0] : nil, $0.dropFirst(hasSender ? 1 : 0)) }
  }
}

/// Numbers of synapses on cores, each list with a number of its own.
private struct FanOutTable {
  /// Synapses of one source through one connection on one core.
  struct Entry: Hashable {
    let core: Int
    /// Dense, sparse, shared.
    let layout: Int
    let synapses: Int
  }

  private var lists: [[Entry]] = [[]]
  private var numbers: [[Entry]: Int] = [[]: 0]

  private mutating func number(of list: [Entry]) -> Int {
    if let known = numbers[list] { return known }
    numbers[list] = lists.count
    lists.append(list)
    return lists.count - 1
  }

  /// The list of each source, before pooling; 0 for those that reach nobody.
  mutating func classes(
    of connection: CompiledConnection, cores: Range<Int>, _ model: CompiledModel
  ) -> [Int] {
    let rows = classesByRow(of: connection, cores: cores, model)
    guard let pooling = connection.pooling else { return rows }
    return (0..<connection.sourceSize).map { source in
      pooling.window(of: source).map { rows[$0] } ?? 0
    }
  }

  private mutating func classesByRow(
    of connection: CompiledConnection, cores: Range<Int>, _ model: CompiledModel
  ) -> [Int] {
    switch connection.layout {
    case .dense:
      let all = number(
        of: cores.map { Entry(core: $0, layout: 0, synapses: model.cores[$0].neuronCount) })
      return [Int](repeating: all, count: connection.pooledSize)
    case .oneToOne:
      return cores.flatMap { core in
        let own = number(of: [Entry(core: core, layout: 2, synapses: 1)])
        return [Int](repeating: own, count: model.cores[core].neuronCount)
      }
    case .sparse(let rowStarts, let targets):
      return (0..<connection.pooledSize).map { row in
        let own = targets[Int(rowStarts[row])..<Int(rowStarts[row + 1])]
        var sums = [Int](repeating: 0, count: cores.count)
        var core = cores.lowerBound
        for target in own {
          while Int(target) >= model.cores[core].neurons.upperBound { core += 1 }
          sums[core - cores.lowerBound] += 1
        }
        return number(of: entries(sums, cores, layout: 1))
      }
    case .convolution(let shape):
      let lineTargets = shape.outputWidth * shape.outputChannels
      return ConvolutionPlan.places(shape).flatMap { place in
        var sums = [Int](repeating: 0, count: cores.count)
        for line in 0..<Int(place.lines) {
          let first = Int(place.target) + line * lineTargets
          let targets = first..<first + Int(place.length)
          for core in cores {
            sums[core - cores.lowerBound] += model.cores[core].neurons.clamped(to: targets).count
          }
        }
        let own = number(of: entries(sums, cores, layout: 2))
        return [Int](repeating: own, count: shape.inputChannels)
      }
    }
  }

  private func entries(_ sums: [Int], _ cores: Range<Int>, layout: Int) -> [Entry] {
    zip(cores, sums).compactMap { core, sum in
      sum > 0 ? Entry(core: core, layout: layout, synapses: sum) : nil
    }
  }

  /// What a spike causes on each core that one of the lists names, cores rising.
  func targets(of classes: ArraySlice<Int>, _ timing: TimingTable) -> [TrafficTarget] {
    var byCore: [Int: TrafficTarget] = [:]
    let kinds: [EventKind] = [.synapticOperation, .sparseOperation, .convolutionOperation]
    for entry in classes.flatMap({ lists[$0] }) {
      var target = byCore[entry.core] ?? TrafficTarget()
      target.core = UInt32(entry.core)
      switch entry.layout {
      case 0: target.operations.0 += UInt32(entry.synapses)
      case 1: target.operations.1 += UInt32(entry.synapses)
      default: target.operations.2 += UInt32(entry.synapses)
      }
      target.picoseconds += UInt64(entry.synapses) * UInt64(timing[kinds[entry.layout]])
      byCore[entry.core] = target
    }
    return byCore.keys.sorted().compactMap { core in
      var target = byCore[core]
      target?.picoseconds += UInt64(timing.axonInPicoseconds)
      return target
    }
  }
}
