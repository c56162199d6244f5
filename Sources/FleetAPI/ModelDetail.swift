package import CompiledModel

/// Everything that the coordinator knows of a model, and where it comes from.
package struct ModelDetail: Codable, Sendable, Equatable {
  /// Name from the manifest.
  package var name: String
  /// Release counter from the manifest.
  package var releaseCounter: UInt64
  /// SHA-256 of its bytes, 64 hexadecimal digits.
  package var digest: String
  /// Equal for all models that differ in what is learnt only, 64 hexadecimal digits.
  package var structureDigest: String
  /// Size in bytes.
  package var size: UInt64
  /// Chips that it fits.
  package var chips: [String]
  /// Name of its price table; nil where no stored model carries it.
  package var priceTable: String?
  /// The weakest grade of these prices.
  package var priceGrade: EvidenceGrade?
  /// Ids of the keys under its manifest, each 64 hexadecimal digits: a publisher's, or the
  /// federation key's under a successor.
  package var signers: [String]
  /// When it was added, microseconds since 1970 UTC.
  package var addedMicroseconds: Int64
  /// Joules of an inference on the coordinator's check data; nil where there were none.
  package var joulesPerInference: Double?
  /// Nodes that run it, in name order.
  package var activeOn: [String]
  /// False where it was removed and is served no longer.
  package var isStored: Bool
  /// Where it comes from; nil for a published model.
  package var lineage: ModelLineage?
}

/// How a successor came about.
package struct ModelLineage: Codable, Sendable, Equatable {
  /// The model that the round's nodes trained from, 64 hexadecimal digits.
  package var base: String
  /// The published model whose manifest permits it, 64 hexadecimal digits.
  package var published: String
  /// Ids of the keys under the published model's manifest.
  package var publishers: [String]
  /// The job of the round that made it.
  package var job: String
  /// That round with its cohort and costs.
  package var round: RoundReport
  /// When that round was committed, microseconds since 1970 UTC.
  package var committedMicroseconds: Int64
  /// Accepted rounds between it and the published model, its own too.
  package var roundsBack: Int
  /// Cost of the accepted updates of all these rounds.
  package var costBack: UpdateCost
  /// The rounds, `JOB/ROUND.ATTEMPT`, the newest first.
  package var line: [String]
}
