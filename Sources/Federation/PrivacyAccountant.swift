/// One round's line in a job's privacy ledger; committed together with the model it paid for.
package struct PrivacyLedgerRow: Sendable, Equatable {
  /// The round, from 1 up.
  package var round: UInt32
  /// Chance of a node to be in the cohort, in millionths, 1 to 1,000,000.
  package var samplingPerMillion: UInt32
  /// Noise multiplier z in thousandths: standard deviation over the clipping norm.
  package var noiseMilli: UInt32
  /// The clipping norm in steps of w16.
  package var clip: UInt32
  /// What the job has spent with this round, at `delta`.
  package var epsilon: Double
  /// The job's delta, above 0 and below 1.
  package var delta: Double

  /// A row from its parts.
  package init(
    round: UInt32, samplingPerMillion: UInt32, noiseMilli: UInt32, clip: UInt32, epsilon: Double,
    delta: Double
  ) {
    self.round = round
    self.samplingPerMillion = samplingPerMillion
    self.noiseMilli = noiseMilli
    self.clip = clip
    self.epsilon = epsilon
    self.delta = delta
  }
}

/// Adds up what a job's rounds have told about any one node, and stops before a limit.
///
/// Renyi differential privacy of the sampled Gaussian mechanism (Mironov, Talwar and Zhang 2019)
/// at whole orders alpha, neighbours being cohorts with and without one node:
///
///     (alpha - 1) * RDP = ln sum_k C(alpha, k) (1 - q)^(alpha - k) q^k e^((k^2 - k) / (2 z^2))
///
/// For whole orders and whole-number sums the discrete Gaussian gives the same value: shifted by
/// whole steps it has the same moments. Rounds add up order by order; then the least over alpha of
///
///     epsilon = RDP + ln((alpha - 1) / alpha) - (ln delta + ln alpha) / (alpha - 1)
///
/// (Canonne, Kamath and Steinke 2020, proposition 12; Balle et al. 2020.) q counts only where
/// every node is drawn by itself with that chance, and nobody who is to be kept from knowing sees
/// who was drawn; else it is 1.
package struct PrivacyAccountant: Sendable {
  /// Orders that are tried.
  package static let orders: [Int] =
    Array(2...64) + [72, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512]

  /// What a job may spend at most; no round begins that would go past it.
  package let epsilonMax: Double
  /// The chance that the bound does not hold, above 0 and below 1.
  package let delta: Double
  /// What was spent.
  package private(set) var rows: [PrivacyLedgerRow] = []
  private var spent = [Double](repeating: 0, count: orders.count)
  private var curves: [Setting: [Double]] = [:]

  private struct Setting: Hashable {
    var samplingPerMillion: UInt32
    var noiseMilli: UInt32
  }

  /// An account from which nothing was spent.
  ///
  /// Throws `parameters` where the limit is not above 0 or delta not between 0 and 1.
  package init(epsilonMax: Double, delta: Double) throws(PrivacyError) {
    guard epsilonMax > 0, epsilonMax.isFinite, delta > 0, delta < 1 else {
      throw .parameters("a limit of epsilon \(epsilonMax) at delta \(delta)")
    }
    self.epsilonMax = epsilonMax
    self.delta = delta
  }

  /// The account after its stored rows, each computed again.
  ///
  /// Throws `ledger` where a row is not what this account would have written; a limit that was
  /// lowered since does not make old rows wrong.
  package init(
    epsilonMax: Double, delta: Double, rows: [PrivacyLedgerRow]
  ) throws(PrivacyError) {
    try self.init(epsilonMax: epsilonMax, delta: delta)
    for row in rows {
      let cost = try cost(
        round: row.round, samplingPerMillion: row.samplingPerMillion, noiseMilli: row.noiseMilli,
        clip: row.clip)
      guard cost.row == row else { throw .ledger("\(row) where \(cost.row) belongs") }
      pay(cost)
    }
  }

  /// What was spent so far, at `delta`; zero before the first round.
  package var epsilon: Double { rows.isEmpty ? 0 : Self.epsilon(spent, delta: delta) }

  /// Spends for a round before it begins; the row is stored with what the round brings.
  ///
  /// Rounds come in rising order. Throws `budget` where the limit would be passed, and
  /// `parameters`; nothing is spent then.
  package mutating func charge(
    round: UInt32, samplingPerMillion: UInt32, noiseMilli: UInt32, clip: UInt32
  ) throws(PrivacyError) -> PrivacyLedgerRow {
    let cost = try cost(
      round: round, samplingPerMillion: samplingPerMillion, noiseMilli: noiseMilli, clip: clip)
    guard cost.row.epsilon <= epsilonMax else {
      throw .budget(epsilon: cost.row.epsilon, limit: epsilonMax)
    }
    pay(cost)
    return cost.row
  }

  /// What a round would make of the account.
  private struct Cost {
    var row: PrivacyLedgerRow
    var setting: Setting
    var curve: [Double]
    var spent: [Double]
  }

  private mutating func pay(_ cost: Cost) {
    rows.append(cost.row)
    spent = cost.spent
    curves[cost.setting] = cost.curve
  }

  private func cost(
    round: UInt32, samplingPerMillion: UInt32, noiseMilli: UInt32, clip: UInt32
  ) throws(PrivacyError) -> Cost {
    guard (1...1_000_000).contains(samplingPerMillion), noiseMilli > 0 else {
      throw .parameters(
        "a chance of \(samplingPerMillion) millionths, noise of \(noiseMilli) thousandths")
    }
    _ = try PrivateSum.variance(clip: clip, noiseMilli: noiseMilli)
    let last = rows.last?.round ?? 0
    guard round > last else { throw .ledger("round \(round) after round \(last)") }
    let setting = Setting(samplingPerMillion: samplingPerMillion, noiseMilli: noiseMilli)
    let curve =
      curves[setting]
      ?? Self.orders.map {
        Self.renyi(
          order: $0, sampling: Double(samplingPerMillion) / 1e6, noise: Double(noiseMilli) / 1e3)
      }
    let spent = zip(spent, curve).map { $0 + $1 }
    let row = PrivacyLedgerRow(
      round: round, samplingPerMillion: samplingPerMillion, noiseMilli: noiseMilli, clip: clip,
      epsilon: Self.epsilon(spent, delta: delta), delta: delta)
    return Cost(row: row, setting: setting, curve: curve, spent: spent)
  }
}

extension PrivacyAccountant {
  /// Renyi divergence of one round at a whole order of at least 2.
  package static func renyi(order: Int, sampling: Double, noise: Double) -> Double {
    let alpha = Double(order)
    guard sampling < 1 else { return alpha / (2 * noise * noise) }
    // The terms of k = 0 and 1 carry no privacy loss, and all chances add up to 1: so the sum is
    // 1 + sum_(k >= 2) chance_k * (e^loss_k - 1), which keeps its digits where it is near 1.
    var logarithms: [Double] = []
    var binomial = Logarithm.ln(alpha)
    for k in 2...order {
      let count = Double(k)
      binomial += Logarithm.ln((alpha - count + 1) / count)
      let loss = (count * count - count) / (2 * noise * noise)
      logarithms.append(
        binomial + count * Logarithm.ln(sampling) + (alpha - count) * Logarithm.ln(1 - sampling)
          + loss + Logarithm.ln(1 - Logarithm.exp(-loss)))
    }
    let top = logarithms.reduce(-.infinity, max)
    let excess = top + Logarithm.ln(logarithms.reduce(0) { $0 + Logarithm.exp($1 - top) })
    // Above e^40, 1 is below the last digit.
    let sum = excess > 40 ? excess : Logarithm.ln1p(Logarithm.exp(excess))
    return sum / (alpha - 1)
  }

  /// The least epsilon over all orders, at least 0.
  static func epsilon(_ spent: [Double], delta: Double) -> Double {
    zip(orders, spent).reduce(.infinity) { least, entry in
      let alpha = Double(entry.0)
      let epsilon =
        entry.1 + Logarithm.ln((alpha - 1) / alpha)
        - (Logarithm.ln(delta) + Logarithm.ln(alpha)) / (alpha - 1)
      return min(least, max(epsilon, 0))
    }
  }
}
