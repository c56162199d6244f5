package import Federation
import FleetProtocol

/// What a job's strategy asks of its nodes beside training and sending.
package struct TrainingTerms: Sendable, Equatable, Codable {
  /// Share of its distance from the base that each weight loses after each sample, in 65,536ths.
  package var pull: UInt32
  /// Whether the node measures the base's loss on the samples before it learns from them.
  package var measuresLoss: Bool

  /// Terms as they are given; nothing is asked for unless said.
  package init(pull: UInt32 = 0, measuresLoss: Bool = false) {
    self.pull = pull
    self.measuresLoss = measuresLoss
  }

  /// What is asked for by strategies that ask for nothing.
  package static let none = TrainingTerms()

  /// What a strategy asks for.
  package init(_ strategy: Strategy) {
    self.init(
      pull: strategy.proximalTerm?.share ?? 0, measuresLoss: strategy.name == .qFedAvg)
  }

  /// What an offer asks for.
  init(_ offer: WireRoundOffer) throws(ModelRefusal) {
    guard offer.pull <= ProximalTerm.shareMax else {
      throw ModelRefusal(
        "terms",
        "a pull of \(offer.pull) 65,536ths, this agent knows 0 to \(ProximalTerm.shareMax)")
    }
    self.init(pull: offer.pull, measuresLoss: offer.measuresLoss)
  }

  /// Puts what is asked for into an offer.
  func write(to offer: inout WireRoundOffer) {
    offer.pull = pull
    offer.measuresLoss = measuresLoss
  }
}
