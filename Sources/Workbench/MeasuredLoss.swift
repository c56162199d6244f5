import Accelerator
import CompiledModel
import Federation

/// The mean cross-entropy of a model's decisions, in nats, as q-FedAvg weighs nodes by it.
///
/// Logits are those of the learning rule, of potentials that are averaged over the sample's steps:
/// what the host reads of the chip anyway. The same bits on every machine.
struct MeasuredLoss: Sendable, Equatable {
  /// Samples that were shown or passed over.
  private(set) var shown: UInt32 = 0
  private var sum = 0.0
  private var labelled: UInt32 = 0
  /// Base-2 logit of a potential that is summed over a sample.
  private let logitOfScore: Double

  /// A measurement of a model; nil where its decisions are not by potentials.
  init?(of model: CompiledModel) {
    guard case .readout(let program)? = model.layers.last?.neurons, model.steps > 0 else {
      return nil
    }
    let shifted = Double(sign: .plus, exponent: -Int(program.logitShift), significand: 1)
    logitOfScore = Double(program.logitMultiplier) * shifted / (16 * Double(model.steps))
  }

  /// Passes over a sample without a label.
  mutating func pass() { shown += 1 }

  /// Takes a decision in.
  mutating func add(_ inference: Inference, label: Int) {
    shown += 1
    labelled += 1
    let best = Double(inference.score)
    let ln2 = 0.6931471805599453
    var total = 0.0
    for score in inference.scores {
      total += ElementaryFunctions.exp((Double(score) - best) * logitOfScore * ln2)
    }
    let own = (Double(inference.scores[label]) - best) * logitOfScore * ln2
    sum += ElementaryFunctions.log(total) - own
  }

  /// The mean in millionths of a nat, 1 at least; 0 where no sample had a label.
  var millionths: UInt32 {
    guard labelled > 0 else { return 0 }
    let mean = (sum / Double(labelled) * 1_000_000).rounded()
    return UInt32(min(max(mean, 1), Double(UInt32.max)))
  }
}
