import CKernels
import CompiledModel
import SpikingNetwork

/// One logical step: input, synapses, neurons.
extension Accelerator {
  /// The spikes of a source in one step.
  struct Spikes {
    let list: UnsafeMutablePointer<Int32>
    let bits: UnsafeMutablePointer<UInt64>
    let count: Int32
  }

  /// The spikes of a step that is still kept.
  @inline(__always)
  func spikes(of place: UnsafePointer<PopulationPlan>, in step: Int) -> Spikes {
    let population = place.pointee
    let slot = population.depth == 1 ? 0 : step % population.depth
    return Spikes(
      list: lasting[population.lists] + slot * population.listStride,
      bits: resting[population.bits] + slot * population.words,
      count: resting[population.counts][slot])
  }

  /// Lists the spikes whose bits are set, and counts what they cause.
  func send(_ place: UnsafePointer<PopulationPlan>, _ step: Int) -> Int {
    let population = place.pointee
    let slot = population.depth == 1 ? 0 : step % population.depth
    let list = lasting[population.lists] + slot * population.listStride
    let bits = resting[population.bits] + slot * population.words
    let count = kernels.table.pointee.list(bits, Int32(population.words), list)
    resting[population.counts][slot] = count
    guard count > 0 else { return 0 }
    let traffic = population.traffic
    let row = chipStep(step, phase: population.phase) * plan.ledger.cores
    var work = TrafficWork(
      groups: plan.constants[traffic.groups], targets: plan.constants[traffic.targets],
      groupOf: plan.constants[traffic.groupOf], runs: plan.constants[traffic.runs],
      tally: lasting[traffic.tally], totals: resting[traffic.totals],
      groupCount: Int32(traffic.groupCount), runCount: Int32(traffic.runCount),
      neuronTimes: lasting[plan.ledger.neuronTimes] + row,
      messageTimes: lasting[plan.ledger.messageTimes] + row)
    kernels.table.pointee.tallyTraffic(&work, bits, list, count)
    return Int(count)
  }

  /// One step of a layer.
  mutating func run(_ index: Int, _ step: Int) {
    let layer = plan.layers[index]
    let inputs = lasting[layer.pointee.neurons.inputs]
    if let drive = plan.direct?.drives[index] {
      inputs.update(from: lasting[drive], count: drive.count)
    } else if layer.pointee.clearsInputs {
      inputs.update(repeating: 0, count: PlanBuilder.padded(layer.pointee.size))
    }
    if let arrivals = layer.pointee.neurons.arrivals {
      lasting[arrivals].update(repeating: 0, count: PlanBuilder.padded(layer.pointee.size) / 64)
    }
    var drive = Drive()
    var accumulates: Int32 = layer.pointee.clearsInputs ? 1 : 0
    for place in 0..<layer.pointee.connectionCount {
      take(layer.pointee.firstConnection + place, of: layer, step, inputs, accumulates, &drive)
      accumulates = 1
    }
    let population = plan.populations[index + 1].pointee
    let slot = population.depth == 1 ? 0 : step % population.depth
    let bits = resting[population.bits] + slot * population.words
    let saturated = update(layer, step, inputs, drive, bits)
    saturations += saturated
    layerSaturations[index] += saturated
    let count = send(plan.populations[index + 1], step)
    layerSpikes[index] += count
    if count > 0, let counted = layer.pointee.spikeCounts {
      let list = lasting[population.lists] + slot * population.listStride
      let counts = resting[counted]
      for place in 0..<count { counts[Int(list[place])] += 1 }
    }
    if index == plan.layers.count - 1, !plan.hasReadout, plan.assignment == nil {
      let list = lasting[population.lists] + slot * population.listStride
      let scores = resting[plan.scores]
      for place in 0..<count { scores[Int(list[place])] += 1 }
    }
  }

  /// What a layer's connections leave to its neurons beside the inputs.
  private struct Drive {
    /// Sums that take the place of the inputs.
    var sums: Block<Int16>?
    /// Whether a spike reaches each neuron.
    var reachesAll = false
  }

  /// Takes a connection's spikes of a step, and notes whom they reach.
  private func take(
    _ number: Int, of layer: UnsafePointer<LayerPlan>, _ step: Int,
    _ inputs: UnsafeMutablePointer<Int32>, _ accumulates: Int32, _ drive: inout Drive
  ) {
    let place = plan.connections[number]
    let connection = place.pointee
    if connection.isDirect { return }
    let sent = step - connection.delay
    let spikes = spikes(of: plan.populations[connection.source], in: max(0, sent))
    var list = UnsafePointer(spikes.list)
    var count = sent >= 0 ? spikes.count : 0
    if let pool = connection.pool {
      let pooled = lasting[pool.list]
      count = kernels.table.pointee.pool(
        plan.constants[pool.places], pool.channels, list, count, pooled)
      list = UnsafePointer(pooled)
    }
    if let sums = connection.columnSums, let converter = plan.model.arithmetic.columnConverter {
      read(place, list, count, inputs, accumulates, converter, sums)
      countConversions(layer, step, readings: (Int(count) + converter.rows - 1) / converter.rows)
    } else {
      drive.sums = integrate(
        place, list, count, inputs, accumulates, isAlone: layer.pointee.connectionCount == 1)
    }
    guard count > 0 else { return }
    if connection.reachesAll {
      drive.reachesAll = true
    } else if let arrivals = layer.pointee.neurons.arrivals {
      noteArrivals(number, lasting[arrivals], size: layer.pointee.size, list, count)
    }
  }

  /// Adds what converters make of a connection's columns into the inputs, reading by reading.
  private func read(
    _ place: UnsafePointer<ConnectionPlan>, _ list: UnsafePointer<Int32>, _ count: Int32,
    _ inputs: UnsafeMutablePointer<Int32>, _ accumulates: Int32, _ converter: ColumnConverter,
    _ block: Block<Int32>
  ) {
    let sums = lasting[block]
    var work = ConversionWork(
      sums: sums, count: Int32(block.count), conversionShift: converter.shift,
      limit: converter.limit, shift: place.pointee.shift, accumulate: accumulates)
    var first: Int32 = 0
    repeat {
      let rows = min(Int32(converter.rows), count - first)
      sum(place, list + Int(first), rows, into: sums)
      kernels.table.pointee.convert(&work, inputs)
      work.accumulate = 1
      first += rows
    } while first < count
  }

  /// The plain sums of some rows of dense weights.
  private func sum(
    _ place: UnsafePointer<ConnectionPlan>, _ list: UnsafePointer<Int32>, _ count: Int32,
    into sums: UnsafeMutablePointer<Int32>
  ) {
    guard case .dense(let weights, let stride, let targets, let rowsMax) = place.pointee.synapses
    else { preconditionFailure("only dense columns are converted") }
    var work = DenseWork(
      weights: nil, stride: Int32(stride), targets: Int32(targets), shift: 0,
      rowsMax: Int32(rowsMax), accumulate: 0)
    switch weights {
    case .fixed(let block): work.weights = UnsafePointer(plan.constants[block])
    case .view(let block): work.weights = UnsafePointer(lasting[block])
    case .learning(let block):
      kernels.table.pointee.denseLearning(&work, lasting[block], list, count, sums)
      return
    }
    kernels.table.pointee.dense(&work, list, count, sums)
  }

  /// Counts so many conversions of each column of a layer.
  private func countConversions(_ layer: UnsafePointer<LayerPlan>, _ step: Int, readings: Int) {
    guard readings > 0 else { return }
    for place in 0..<layer.pointee.coreCount {
      work(
        .columnConversion, readings * neurons(layer, place).count,
        core: layer.pointee.firstCore + place, step: chipStep(step, phase: layer.pointee.phase))
    }
  }

  /// Adds a connection's weights into the inputs of its layer, or leaves them as sums where the
  /// neurons can take these.
  private func integrate(
    _ place: UnsafePointer<ConnectionPlan>, _ list: UnsafePointer<Int32>, _ count: Int32,
    _ inputs: UnsafeMutablePointer<Int32>, _ accumulates: Int32, isAlone: Bool
  ) -> Block<Int16>? {
    let connection = place.pointee
    switch connection.synapses {
    case .dense(let weights, let stride, let targets, let rowsMax):
      var work = DenseWork(
        weights: nil, stride: Int32(stride), targets: Int32(targets), shift: connection.shift,
        rowsMax: Int32(rowsMax), accumulate: accumulates)
      switch weights {
      case .fixed(let block): work.weights = UnsafePointer(plan.constants[block])
      case .view(let block): work.weights = UnsafePointer(lasting[block])
      case .learning(let block):
        kernels.table.pointee.denseLearning(&work, lasting[block], list, count, inputs)
        return nil
      }
      kernels.table.pointee.dense(&work, list, count, inputs)
    case .convolution(let convolution):
      var work = ConvolutionWork(
        places: plan.constants[convolution.places],
        weights: plan.constants[convolution.weights], sums: lasting[convolution.sums],
        channels: Int32(convolution.channels), channelWeights: Int32(convolution.channelWeights),
        lineTargets: Int32(convolution.lineTargets), targets: Int32(convolution.targets),
        shift: connection.shift, spikesMax: Int32(convolution.spikesMax),
        accumulate: accumulates, leavesSums: isAlone ? 1 : 0,
        plane: lasting[convolution.plane])
      kernels.table.pointee.convolution(&work, list, count, inputs)
      return isAlone && Int(count) <= convolution.spikesMax ? convolution.sums : nil
    case .sparse(let rowStarts, let synapses, let touched):
      var work = SparseWork(
        rowStarts: plan.constants[rowStarts], synapses: plan.constants[synapses],
        shift: connection.shift, touched: lasting[touched])
      kernels.table.pointee.sparse(&work, list, count, inputs)
    case .oneToOne(let weight):
      kernels.table.pointee.oneToOne(weight, list, count, inputs)
    }
    return nil
  }

  /// One step of a layer's neurons; sets the bits of those that fire.
  ///
  /// How many values were cut as they lay beyond their range.
  private func update(
    _ place: UnsafePointer<LayerPlan>, _ step: Int, _ inputs: UnsafeMutablePointer<Int32>,
    _ drive: Drive, _ bits: UnsafeMutablePointer<UInt64>
  ) -> UInt64 {
    let layer = place.pointee
    let neurons = layer.neurons
    var work = neurons.work
    if isLearning, neurons.psi != nil { work.flags |= Int32(NEURONS_PSI) }
    if let teacher = layer.teacher, hasTaughtLabel {
      work.bias = UnsafePointer(lasting[teacher.bias])
    } else {
      work.bias = UnsafePointer(plan.constants[neurons.bias.block])
      work.biasShared = neurons.bias.isShared
    }
    work.threshold = UnsafePointer(plan.constants[neurons.threshold.block])
    work.thresholdShared = neurons.threshold.isShared
    work.resetPotential = UnsafePointer(plan.constants[neurons.resetPotential.block])
    work.resetShared = neurons.resetPotential.isShared
    work.impulse = UnsafePointer(plan.constants[neurons.impulse.block])
    work.impulseShared = neurons.impulse.isShared
    work.multiplier = UnsafePointer(plan.constants[neurons.multiplier.block])
    work.multiplierShared = neurons.multiplier.isShared
    work.inputs = UnsafePointer(inputs)
    work.reachesAll = drive.reachesAll ? -1 : 0
    if let arrivals = neurons.arrivals { work.arrivals = UnsafePointer(lasting[arrivals]) }
    if let sums = drive.sums {
      work.sums = lasting[sums]
      work.sumShift = plan.connections[layer.firstConnection].pointee.shift
      work.flags |= Int32(NEURONS_SUMS)
    }
    work.potentials = resting[neurons.potentials]
    work.currents = neurons.currents.map { resting[$0] }
    work.rises = neurons.rises.map { resting[$0] }
    work.refractoryLeft = neurons.refractoryLeft.map { resting[$0] }
    work.psi = neurons.psi.map { resting[$0] }
    work.scores = resting[plan.scores]
    if let homeostasis = layer.homeostasis {
      work.lastingRises = UnsafePointer(lasting[homeostasis.rises])
    }
    if let competition = layer.competition { work.excess = lasting[competition.excess] }
    work.spikes = bits
    let updates = resting[neurons.updates]
    work.updates = updates
    var saturated = kernels.table.pointee.neurons(&work)
    if let competition = layer.competition, hasCandidates(bits, layer.size) {
      countCompetition(place, competition.links, step, bits)
      let winner = kernels.table.pointee.compete(&work, &saturated)
      countInhibition(place, winner: Int(winner), step)
    }

    let ledger = plan.ledger
    let first = layer.firstCore
    let row = chipStep(step, phase: layer.phase) * ledger.cores + first
    var tally = NeuronTallyWork(
      coreCount: Int32(layer.coreCount), slices: plan.constants[layer.slices], spikes: bits,
      updates: updates, spikeCounts: resting[ledger.spikes] + first,
      updateCounts: resting[ledger.updates] + first,
      neuronTimes: lasting[ledger.neuronTimes] + row, accessTime: time(of: .neuronAccess),
      updateTime: time(of: .neuronUpdate), spikeTime: time(of: .spike))
    kernels.table.pointee.tallyNeurons(&tally)
    return saturated
  }
}
