import Federation
import FleetProtocol

extension CoordinatorCore {
  /// The largest loss that is believed, in millionths of a nat: a thousandth of a class by chance.
  package static let lossMillionthsMax: UInt32 = 100_000_000

  /// Why an announced loss is refused: a strategy that weighs by it needs one, and a sane one.
  func lossRefusal(
    of announce: WireUpdateAnnounce, in round: RoundRecord
  ) -> (code: String, detail: String)? {
    guard let job = state.jobs[round.key.job],
      TrainingTerms(job.specification.strategy).measuresLoss
    else {
      return announce.lossMillionths == 0
        ? nil : ("loss", "a loss of \(announce.lossMillionths) millionths, asked for was none")
    }
    guard (1...Self.lossMillionthsMax).contains(announce.lossMillionths) else {
      return (
        "loss",
        "a loss of \(announce.lossMillionths) millionths, expected 1 to \(Self.lossMillionthsMax)"
      )
    }
    return nil
  }
}
