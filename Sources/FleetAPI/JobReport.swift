/// What a federated job cost and became.
///
/// Costs of rounds and of nodes are those of accepted updates; `energy` of a node is all that it
/// burnt meanwhile. The two are never added.
package struct JobReport: Codable, Sendable, Equatable {
  /// The job's name.
  package var job: String
  /// running, finished, failed or cancelled.
  package var state: String
  /// Why it failed, empty otherwise.
  package var detail: String
  /// The strategy's name.
  package var strategy: String
  /// How updates travelled.
  package var compression: String
  /// Rounds that were asked for.
  package var roundsAsked: UInt32
  /// The model that it began with, 64 hexadecimal digits.
  package var firstModel: String
  /// Name of the model.
  package var modelName: String
  /// The model that it has reached, 64 hexadecimal digits.
  package var currentModel: String
  /// The best accepted held-out accuracy in percent; nil before the first check.
  package var bestAccuracy: Double?
  /// When it was started, microseconds since 1970 UTC.
  package var startedMicroseconds: Int64
  /// When it ended; nil while it runs.
  package var endedMicroseconds: Int64?
  /// Names of the price tables behind the chip's joules.
  package var priceTables: [String]
  /// What a byte was reckoned at.
  package var radio: RadioPrice
  /// What is spent of its privacy budget; nil where there is none.
  package var privacy: PrivacyView?
  /// All accepted updates together.
  package var cost: UpdateCost
  /// Rounds and attempts in order.
  package var rounds: [RoundReport]
  /// Nodes of any cohort, in name order.
  package var nodes: [NodeReport]

  /// Accuracy in percent for each joule spent up to an accepted round, in order.
  ///
  /// Joules are those of all accepted updates so far, those of rounds that gave no model too.
  package var accuracyByJoules: [(joules: Double, accuracy: Double, round: String)] {
    var spent = 0.0
    var points: [(joules: Double, accuracy: Double, round: String)] = []
    for round in rounds {
      guard let joules = round.cost.joules else { return points }
      spent += joules
      if round.accepted == true, let accuracy = round.accuracy {
        points.append((spent, accuracy, round.name))
      }
    }
    return points
  }
}

/// One attempt of one round.
package struct RoundReport: Codable, Sendable, Equatable {
  /// Counts from 1.
  package var round: UInt32
  /// Counts from 1.
  package var attempt: UInt32
  /// planned, open, sealed, committed, failed or cancelled.
  package var state: String
  /// Why it ended so, empty where that is as it should be.
  package var reason: String
  /// The model that nodes trained from, 64 hexadecimal digits.
  package var base: String
  /// The merged model, 64 hexadecimal digits; nil before the commit.
  package var model: String?
  /// Held-out accuracy of it in percent; nil where there is none.
  package var accuracy: Double?
  /// False when the check refused it; nil before the commit.
  package var accepted: Bool?
  /// What the job has spent of its privacy budget with this round; nil where it paid nothing.
  package var epsilon: Double?
  /// When it was opened, microseconds since 1970 UTC; nil before.
  package var openedMicroseconds: Int64?
  /// Seconds from opening to the commit; nil where there was none.
  package var seconds: Double?
  /// Cost of its accepted updates.
  package var cost: UpdateCost
  /// The cohort in node order.
  package var nodes: [CohortReport]

  /// The round's number, with the attempt where that is not the first.
  package var name: String { attempt > 1 ? "\(round).\(attempt)" : "\(round)" }

  /// Nodes of the cohort in that state.
  package func count(_ state: String) -> Int { nodes.count { $0.state == state } }

  /// Nodes whose update counted for nothing.
  package var leftOut: [String] { nodes.filter(\.isLeftOut).map(\.node) }
}

/// One node's part in one attempt of a round.
package struct CohortReport: Codable, Sendable, Equatable {
  /// The node's name.
  package var node: String
  /// pending, reported, refused or late.
  package var state: String
  /// Refusal code, empty otherwise.
  package var code: String
  /// Test-then-train accuracy in percent of its training; nil without an update.
  package var accuracy: Double?
  /// True where the strategy let its update count for nothing.
  package var isLeftOut: Bool
  /// Seconds of the host that the training took; nil without an update.
  package var trainingSeconds: Double?
  /// Cost of its update; nil without one.
  package var cost: UpdateCost?
}

/// One node's part in a whole job.
package struct NodeReport: Codable, Sendable, Equatable {
  /// The node's name.
  package var node: String
  /// Attempts that it was asked in.
  package var asked: Int
  /// Updates of it that were accepted.
  package var reported: Int
  /// Attempts in which it was too late.
  package var late: Int
  /// Attempts that it declined, or in which its update was refused.
  package var refused: Int
  /// Accepted updates that counted for nothing.
  package var leftOut: Int
  /// Test-then-train accuracy in percent over all its accepted updates; nil without any.
  package var accuracy: Double?
  /// Cost of its accepted updates.
  package var cost: UpdateCost
  /// All that it burnt while the job ran; nil where it told nothing, or where nobody looked.
  package var energy: BurntEnergy?
}
