import Accelerator
package import CompiledModel
import FleetCore
import SpikingNetwork

/// How a model that serves goes on learning on its node.
///
/// It keeps to what its publisher permits and to the node's own settings, and counts drift from the
/// published weights, however often it was loaded with what it had learnt.
struct ServingLearner: Sendable {
  private let frozen: Set<UInt32>
  private let running: CompiledModel
  private let seed: UInt64
  /// Samples that were learnt from; the ordinal of the next one.
  private(set) var samples: UInt64

  /// Throws where nothing of the model learns under the settings and the permit.
  init(
    _ terms: ServingLearning, published: CompiledModel, learnt: [[Int16]],
    settings: LearningSettings, accelerator: inout Accelerator
  ) throws(ConfigurationError) {
    frozen = try settings.frozenBlocks(of: published, permit: terms.permit)
    running = published.replacingLearnedState(learnt).freezing(frozen)
    seed = terms.seed
    samples = terms.samples
    accelerator = Accelerator(running)
    accelerator.limitDrift(
      to: settings.driftMax(terms.permit), from: published.freezing(frozen))
  }

  /// Shows a sample, and learns from it once it is answered; whether it was learnt.
  mutating func show(
    _ sample: LabelledSample, known: Int?, reward: Int32?, on accelerator: inout Accelerator
  ) -> (answer: Int, isLearnt: Bool) {
    if known == nil, accelerator.needsLabels {
      return (accelerator.infer(sample.intensities, sample: sample.id).label, false)
    }
    let inference = accelerator.learn(
      sample.intensities, sample: sample.id, label: known, reward: reward, seed: seed,
      ordinal: samples)
    samples += 1
    return (inference.label, true)
  }

  /// The learned state of the whole model as it is now.
  func state(of published: CompiledModel, on accelerator: Accelerator) -> [[Int16]] {
    published.learnedState(after: running, accelerator.learnedState, freezing: frozen)
  }
}

/// The learned state of a model as the bytes of a blob: blocks in order, 16 bits little-endian.
package enum LearntBlob {
  /// The bytes of a state.
  package static func bytes(of state: [[Int16]]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 * state.reduce(0) { $0 + $1.count })
    for block in state {
      for value in block {
        let bits = UInt16(bitPattern: value)
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bytes.append(UInt8(bits >> 8))
      }
    }
    return bytes
  }

  /// The state that these bytes hold for a model; nil where they cannot be its state.
  package static func state(_ bytes: [UInt8], of model: CompiledModel) -> [[Int16]]? {
    let blocks = model.learnedBlocks
    guard bytes.count == 2 * blocks.reduce(0, { $0 + $1.count }) else { return nil }
    var state: [[Int16]] = []
    var offset = 0
    for block in blocks {
      let values = (0..<block.count).map { index in
        let place = offset + 2 * index
        return Int16(bitPattern: UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8)
      }
      guard block.holds(values) else { return nil }
      state.append(values)
      offset += 2 * block.count
    }
    return state
  }
}
