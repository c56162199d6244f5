import Federation
import FleetCore
import FleetProtocol
import GRDB

extension FleetLoader {
  /// What committed rounds have spent.
  func privacyLedger() throws -> [RoundKey: PrivacyLedgerRow] {
    var ledger: [RoundKey: PrivacyLedgerRow] = [:]
    try each("privacy_ledger", "SELECT * FROM privacy_ledger") { row in
      guard let epsilon = try row.real("epsilon"), let delta = try row.real("delta") else {
        throw row.damage("epsilon")
      }
      ledger[try row.roundKey()] = PrivacyLedgerRow(
        round: try row.number("round"),
        samplingPerMillion: try row.number("sampling_per_million"),
        noiseMilli: try row.number("noise_milli"), clip: try row.number("clip"),
        epsilon: epsilon, delta: delta)
    }
    return ledger
  }
}
