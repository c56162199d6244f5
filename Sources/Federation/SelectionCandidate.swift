/// A node that might be asked, with what is known of it.
package struct SelectionCandidate: Sendable, Equatable {
  /// Why a node cannot be asked at all, whatever the rule.
  package enum Hindrance: String, Sendable, Equatable, CaseIterable {
    /// No session.
    case offline
    /// In another round, or being deployed to.
    case busy
    /// An operator lets it take no new work.
    case cordoned
    /// Kept out by an operator or after refusals.
    case quarantined
    /// Its chip does not run the model.
    case unfit
  }

  /// Its name, which stands for it in draws and in order.
  package var node: String
  /// What keeps it out; nil where nothing does.
  package var hindrance: Hindrance?
  /// State of charge, 0 to 1,000; nil on mains.
  package var chargePerMille: UInt32?
  /// What is left of the energy that it may use today, 0 to 1,000; nil without a limit.
  package var energyLeftPerMille: UInt32?
  /// Last round whose update of it counted; nil for none.
  package var lastRound: UInt32?
  /// Loss, or share of samples missed, in thousandths; nil where never reported.
  package var lossPerMille: UInt32?
  /// Change of firing rate in thousandths; nil where never reported.
  package var firingRateChangePerMille: UInt32?

  /// A node of which nothing is known but its name, unless said.
  package init(
    node: String, hindrance: Hindrance? = nil, chargePerMille: UInt32? = nil,
    energyLeftPerMille: UInt32? = nil, lastRound: UInt32? = nil, lossPerMille: UInt32? = nil,
    firingRateChangePerMille: UInt32? = nil
  ) {
    self.node = node
    self.hindrance = hindrance
    self.chargePerMille = chargePerMille
    self.energyLeftPerMille = energyLeftPerMille
    self.lastRound = lastRound
    self.lossPerMille = lossPerMille
    self.firingRateChangePerMille = firingRateChangePerMille
  }
}
