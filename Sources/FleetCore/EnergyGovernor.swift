/// Energy that a node's chip has used on one day, by UTC.
package struct EnergyDay: Sendable, Equatable {
  /// Days since 1970.
  package var day: Int64
  /// Used so far, by the price tables of the models that ran.
  package var nanojoules: UInt64

  /// A day with what was used on it.
  package init(day: Int64 = 0, nanojoules: UInt64 = 0) {
    self.day = day
    self.nanojoules = nanojoules
  }

  private static let dayMicroseconds: Int64 = 86_400_000_000

  /// The day of an instant, with what was used so far if it is this one.
  ///
  /// Any other day begins anew, an earlier one too: a clock that was ahead for a while must not
  /// keep the node short until it comes round again.
  func on(_ now: Instant) -> EnergyDay {
    let day = now.microseconds.quotientAndRemainder(dividingBy: Self.dayMicroseconds).quotient
    return day == self.day ? self : EnergyDay(day: day)
  }

  /// The same with more used.
  func adding(_ nanojoules: UInt64) -> EnergyDay {
    let (sum, overflow) = self.nanojoules.addingReportingOverflow(nanojoules)
    return EnergyDay(day: day, nanojoules: overflow ? .max : sum)
  }

  /// Seconds until the day ends, at least a minute: what is left is never spent in one moment.
  static func secondsLeft(at now: Instant) -> Double {
    let left = dayMicroseconds - now.microseconds % dayMicroseconds
    return max(60, Double(left) / 1e6)
  }
}

/// What the chips of a node have used since its process began, as their price tables say.
package struct EnergyReading: Sendable, Equatable {
  /// By inference, of whatever model.
  package var inferenceNanojoules: UInt64
  /// By learning.
  package var learningNanojoules: UInt64

  /// A reading with both parts.
  package init(inferenceNanojoules: UInt64 = 0, learningNanojoules: UInt64 = 0) {
    self.inferenceNanojoules = inferenceNanojoules
    self.learningNanojoules = learningNanojoules
  }

  var nanojoules: UInt64 {
    let (sum, overflow) = inferenceNanojoules.addingReportingOverflow(learningNanojoules)
    return overflow ? .max : sum
  }
}

/// How fast a node's chip works, and with what.
package struct EnergyPace: Sendable, Equatable {
  /// Inferences that it makes, of a thousand that it would.
  package var perMille: UInt32
  /// True where it learns.
  package var learns: Bool
  /// The smaller model that answers; nil where the ordered one does.
  package var standIn: ContentDigest?

  /// Nothing is held back.
  package static let full = EnergyPace(perMille: 1_000, learns: true)
}

/// Decides how a node lives on its energy of a day, from what its work was seen to take.
///
/// What is left of the day's energy, spread over what is left of the day, is the power that may be
/// used now. Where the node's work takes more, it first stops learning, then lets a smaller model
/// answer, then answers less often. So it works all day, slower, instead of at full speed until the
/// energy is gone.
struct EnergyGovernor: Sendable, Equatable {
  /// Share of the power that must be free before something is taken up again, so that nothing goes
  /// on and off with each window.
  static let reserve = 0.9

  /// Inferences a second at full speed.
  let inferencesPerSecond: Double
  /// Inferences of a thousand that are made even where no energy is left.
  let leastPerMille: UInt32
  /// Nanojoules an inference took in the last window with one, by the model that answered.
  private var costs: [ContentDigest: Double] = [:]
  /// Nanojoules a second that learning took in the last window with any.
  private var learningPower: Double?
  /// What was decided last.
  private(set) var pace = EnergyPace.full

  init(inferencesPerSecond: Double, leastPerMille: UInt32) {
    self.inferencesPerSecond = inferencesPerSecond
    self.leastPerMille = leastPerMille
  }

  /// What happened between two readings, `seconds` apart, while one model answered.
  mutating func note(
    _ used: EnergyReading, inferences: UInt64, by model: ContentDigest, seconds: Double
  ) {
    if inferences > 0 { costs[model] = Double(used.inferenceNanojoules) / Double(inferences) }
    if used.learningNanojoules > 0, seconds > 0 {
      learningPower = Double(used.learningNanojoules) / seconds
    }
  }

  /// Goes back to full speed: what was decided may rest on what was not stored.
  mutating func reset() { pace = .full }

  /// Forgets models that are on the node no longer.
  mutating func keep(_ models: [ContentDigest]) {
    costs = costs.filter { models.contains($0.key) }
  }

  /// Nanojoules a second that a model takes at full speed; nil before it was seen to work.
  private func power(_ model: ContentDigest) -> Double? {
    costs[model].map { $0 * inferencesPerSecond }
  }

  /// Decides anew; `standIns` are smaller models that could answer now, the best first.
  mutating func decide(
    limit: UInt64?, used: UInt64, secondsLeft: Double, ordered: ContentDigest,
    standIns: [ContentDigest]
  ) {
    guard let limit else {
      pace = .full
      return
    }
    let allowed = limit > used ? Double(limit - used) / secondsLeft : 0
    let answering = pace.standIn ?? ordered
    func fits(_ model: ContentDigest) -> Bool {
      // One that was never seen to work is tried, as long as there is energy.
      guard let power = power(model) else { return allowed > 0 }
      let isGoingOn = model == answering && pace.perMille == 1_000
      return power <= allowed * (isGoingOn ? 1 : Self.reserve)
    }
    if fits(ordered) {
      let both = (power(ordered) ?? 0) + (learningPower ?? 0)
      pace = EnergyPace(
        perMille: 1_000, learns: both <= allowed * (pace.learns ? 1 : Self.reserve))
    } else if let standIn = standIns.first(where: fits) {
      pace = EnergyPace(perMille: 1_000, learns: false, standIn: standIn)
    } else {
      throttle(to: allowed, among: [ordered] + standIns, ordered: ordered)
    }
  }

  /// The cheapest model answers, as often as the power allows.
  private mutating func throttle(
    to allowed: Double, among models: [ContentDigest], ordered: ContentDigest
  ) {
    var (cheapest, least) = (ordered, power(ordered) ?? .infinity)
    for model in models {
      guard let power = power(model), power < least else { continue }
      (cheapest, least) = (model, power)
    }
    let share = least.isFinite && least > 0 ? 1_000 * allowed / least : 0
    pace = EnergyPace(
      perMille: max(leastPerMille, UInt32(min(1_000, max(0, share)))), learns: false,
      standIn: cheapest == ordered ? nil : cheapest)
  }
}
