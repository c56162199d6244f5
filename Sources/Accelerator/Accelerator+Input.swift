import CKernels
import CompiledModel
import SpikingNetwork

/// From the intensities of a sample to its input spikes.
extension Accelerator {
  /// Where the input's spikes come from.
  enum InputSource {
    case levels(sample: UInt64)
    case recorded(SpikeTrains)
  }

  /// Takes a sample in: all that its steps have in common.
  mutating func takeSample(_ intensities: [UInt8], sample: UInt64) {
    precondition(
      intensities.count == plan.model.sampleSize,
      "\(intensities.count) intensities of \(plan.model.sampleSize)")
    if let encoder = plan.sampleEncoder {
      encoder.encode(intensities, sample: sample, into: &sampleSpikes)
      if let direct = plan.direct { drive(intensities, direct) }
      return
    }
    levelBlockCount = kernels.table.pointee.levels(
      intensities, Int32(intensities.count),
      plan.levelTable.map { UnsafePointer(plan.constants[$0]) },
      lasting[plan.levels], lasting[plan.levelBlocks])
  }

  /// What the intensities add to neurons in each step.
  private func drive(_ intensities: [UInt8], _ direct: DirectPlan) {
    for (_, block) in direct.drives {
      lasting[block].update(repeating: 0, count: block.count)
    }
    for number in direct.connections {
      let connection = plan.connections[number].pointee
      guard case .dense(.fixed(let block), let stride, let targets, _) = connection.synapses,
        let drive = direct.drives[connection.index.layer]
      else { continue }
      let sums = lasting[direct.sums]
      var totals = [Int64](repeating: 0, count: targets)
      intensities.withUnsafeBufferPointer { intensities in
        guard let first = intensities.baseAddress else { return }
        // So many sources that the sums of a run keep within 32 bits.
        for start in Swift.stride(from: 0, to: intensities.count, by: 65536) {
          sums.update(repeating: 0, count: targets)
          kernels.table.pointee.grade(
            plan.constants[block] + start * stride, Int32(stride), Int32(targets), first + start,
            Int32(min(65536, intensities.count - start)), sums)
          for target in 0..<targets { totals[target] += Int64(sums[target]) }
        }
      }
      let driven = lasting[drive]
      for target in 0..<targets {
        driven[target] += Int32((totals[target] << Int64(connection.shift)) >> 8)
      }
    }
  }

  /// The input's spikes of a step.
  mutating func takeInput(_ input: InputSource, _ step: Int) {
    let population = plan.populations[0].pointee
    let slot = population.depth == 1 ? 0 : step % population.depth
    let bits = resting[population.bits] + slot * population.words
    switch input {
    case .levels(let sample):
      if let draws = plan.draws {
        var work = EncoderWork(
          levels: lasting[plan.levels], blocks: lasting[plan.levelBlocks],
          blockCount: levelBlockCount, stream: draws.stream(sample, UInt64(step)))
        kernels.table.pointee.encode(&work, bits)
      } else {
        set(sampleSpikes[step], bits, words: population.words)
      }
    case .recorded(let trains):
      set(trains.steps[step], bits, words: population.words)
    }
    inputSpikes += send(plan.populations[0], step)
  }

  private func set(_ spikes: [Int32], _ bits: UnsafeMutablePointer<UInt64>, words: Int) {
    bits.update(repeating: 0, count: words)
    for spike in spikes { bits[Int(spike) >> 6] |= 1 << UInt64(spike & 63) }
  }
}
