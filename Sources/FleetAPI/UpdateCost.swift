package import CompiledModel

/// What accepted updates cost: the chip's training that made them, and their bytes.
///
/// Training that gave no accepted update is not in it; see `BurntEnergy` for all that was burnt.
package struct UpdateCost: Codable, Sendable, Equatable {
  /// Joules of the events that inference counts as well; nil where a price is not known.
  package var inferenceJoules: Double?
  /// Joules of the events that learning alone counts; nil where a price is not known.
  package var learningJoules: Double?
  /// The weakest grade of the chip's prices; nil where nothing was priced.
  package var chipGrade: EvidenceGrade?
  /// Bytes of the updates, as if each was sent once.
  package var sentBytes: UInt64
  /// Bytes of the base models, one for each update: at most, for chunks that a node holds already
  /// are not fetched.
  package var receivedBytes: UInt64
  /// Joules of these bytes.
  package var radioJoules: Double
  /// The grade of the radio's price.
  package var radioGrade: EvidenceGrade
  /// Samples that were trained.
  package var samples: UInt64

  /// The cost of no update.
  package static func none(_ radio: RadioPrice) -> UpdateCost {
    UpdateCost(
      inferenceJoules: 0, learningJoules: 0, chipGrade: nil, sentBytes: 0, receivedBytes: 0,
      radioJoules: 0, radioGrade: radio.grade, samples: 0)
  }

  /// Joules of chip and radio; nil where a price of the chip is not known.
  package var joules: Double? {
    inferenceJoules.flatMap { first in learningJoules.map { first + $0 + radioJoules } }
  }

  /// The weakest grade among all its prices; nil where nothing was spent.
  package var grade: EvidenceGrade? {
    let radio = sentBytes + receivedBytes > 0 ? radioGrade : nil
    return [chipGrade, radio].compactMap(\.self).max()
  }

  /// Both costs together.
  package func adding(_ other: UpdateCost) -> UpdateCost {
    var sum = self
    sum.inferenceJoules = inferenceJoules.flatMap { first in
      other.inferenceJoules.map { first + $0 }
    }
    sum.learningJoules = learningJoules.flatMap { first in
      other.learningJoules.map { first + $0 }
    }
    sum.chipGrade = [chipGrade, other.chipGrade].compactMap(\.self).max()
    sum.sentBytes += other.sentBytes
    sum.receivedBytes += other.receivedBytes
    sum.radioJoules += other.radioJoules
    sum.samples += other.samples
    return sum
  }
}

/// Everything that a node burnt while a job ran, whatever for: from its telemetry.
///
/// Training that came to nothing is in it, and so is what the node served and learnt beside the
/// job. Windows are told apart by the node's own clock, so the span is true to a window at either
/// end.
package struct BurntEnergy: Codable, Sendable, Equatable {
  /// Joules of the chip while it served; nil where a price is not known.
  package var servingJoules: Double?
  /// Joules of the chip while it learnt; nil where a price is not known.
  package var learningJoules: Double?
  /// Bytes that the agent sent.
  package var sentBytes: UInt64
  /// Bytes that the agent received.
  package var receivedBytes: UInt64
  /// Joules of these bytes.
  package var radioJoules: Double
  /// Name and weakest grade of each price table behind the chip's joules.
  package var priceTables: [String]
  /// Windows that say so.
  package var windows: Int
  /// Windows among them that cannot be true.
  package var flagged: Int

  /// Energy with all its parts.
  package init(
    servingJoules: Double?, learningJoules: Double?, sentBytes: UInt64, receivedBytes: UInt64,
    radioJoules: Double, priceTables: [String], windows: Int, flagged: Int
  ) {
    self.servingJoules = servingJoules
    self.learningJoules = learningJoules
    self.sentBytes = sentBytes
    self.receivedBytes = receivedBytes
    self.radioJoules = radioJoules
    self.priceTables = priceTables
    self.windows = windows
    self.flagged = flagged
  }
}
