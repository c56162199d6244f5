package import FleetCore
package import Foundation

/// What a committed round of a study came to.
package struct StudyRound: Sendable, Equatable, Codable {
  /// Counts from 1; 0 is the base model, before any round.
  package var round: UInt32
  /// Attempts that it took: one more than lacked reports.
  package var attempts: UInt32
  /// Accuracy of the merged model on the held-out samples in percent.
  package var accuracy: Double
  /// False where the check refused the model; the one before it stays.
  package var isAccepted: Bool
  /// Updates that counted.
  package var reports: Int
  /// Nodes whose update did not come in time.
  package var late: Int
  /// Nodes that declined, or whose update was refused at the door.
  package var refused: Int
  /// Updates that the strategy let count for nothing.
  package var leftOut: Int
  /// Samples that nodes learnt from.
  package var samples: UInt64
  /// Those among them that were right before they were learnt from.
  package var correct: UInt64
  /// Energy of the nodes' chips that answers take, while they learnt: all but the next.
  package var inferenceNanojoules: UInt64
  /// Energy of the nodes' chips for errors, traces and changes of weights.
  package var learningNanojoules: UInt64
  /// Bytes of answers, announcements and updates, as frames, from all nodes.
  package var bytesUp: UInt64
  /// Bytes of offers, models and verdicts, as frames, to all nodes.
  package var bytesDown: UInt64
  /// Bytes of the updates that counted.
  package var updateBytes: UInt64
  /// Virtual time from the first offer to the commit.
  package var milliseconds: Int64
  /// Energy of a mean inference of the merged model on the held-out samples.
  package var nanojoulesPerInference: UInt64
  /// SHA-256 of the merged model.
  package var model: ContentDigest
  /// The same learning on all samples on one chip, after as many samples; nil where not asked for.
  package var pooled: StudyPool?

  /// Energy of the nodes' chips.
  package var nanojoules: UInt64 { inferenceNanojoules + learningNanojoules }
}

/// One chip that learns from the samples of all nodes: what a study is compared with.
package struct StudyPool: Sendable, Equatable, Codable {
  /// The model that it has come to.
  package var model: ContentDigest
  /// Samples learnt so far.
  package var samples: UInt64
  /// Accuracy on the held-out samples in percent.
  package var accuracy: Double
  /// Energy so far.
  package var nanojoules: UInt64
}

/// A node of a study between two rounds: what its agent has stored, and what it did so far.
package struct StudyNode: Sendable, Equatable, Codable {
  /// The cursor of its stream.
  package var ordinal: UInt64 = 0
  /// What its updates have left out.
  package var residual: ContentDigest?
  /// What layers that stay on it have learnt.
  package var localLayers: ContentDigest?
  /// Models that it holds.
  package var held: [ContentDigest] = []
  /// Rounds in which its update counted.
  package var reports = 0
  /// Rounds in which it came too late or not at all.
  package var late = 0
  /// Rounds that it declined, or in which its update was refused.
  package var refused = 0
  /// Reports that a strategy let count for nothing.
  package var leftOut = 0
  /// Samples learnt.
  package var samples: UInt64 = 0
  /// Those among them that were right before they were learnt from.
  package var correct: UInt64 = 0
  /// Energy of its chip.
  package var nanojoules: UInt64 = 0
  /// Bytes of its updates that counted.
  package var updateBytes: UInt64 = 0
}

/// Everything that a study must not forget, as of its last committed round.
package struct StudyProgress: Sendable, Equatable, Codable {
  /// The base model, as round 0, and what was committed since.
  package var rounds: [StudyRound]
  /// The model that the next round starts from.
  package var model: ContentDigest
  /// Its signed manifest.
  package var manifest: Data
  /// What the strategy keeps for the next round.
  package var serverState: ContentDigest?
  /// The best accuracy that was accepted.
  package var bestAccuracy: Double?
  /// Virtual time.
  package var at: Instant
  /// In node order.
  package var nodes: [StudyNode]
  /// Accuracy that each node reaches alone, in percent; nil where nobody asked.
  package var lone: [Double]?
  /// Why no round follows; nil where one does.
  package var end: StudyEnd?

  /// Content that is still needed.
  package var neededBlobs: Set<ContentDigest> {
    var needed: Set<ContentDigest> = [model]
    if let serverState { needed.insert(serverState) }
    if let pool = rounds.last?.pooled { needed.insert(pool.model) }
    for node in nodes {
      needed.formUnion([node.residual, node.localLayers].compactMap(\.self))
    }
    return needed
  }
}

/// Why a study is over.
package enum StudyEnd: Sendable, Equatable, Codable {
  /// All its rounds were committed.
  case finished
  /// The coordinator gave the job up.
  case failed(String)
}
