import Federation
import FleetCore
import FleetProtocol

/// The books of private jobs, beside what the coordinator believes.
struct PrivacyLedger {
  private var violations: [String] = []
  /// What jobs hold to, as they were started.
  private var terms: [Identifier: PrivacyTerms] = [:]
  private var spent: [Identifier: Double] = [:]
  private var paid: [Identifier: Set<UInt32>] = [:]
  /// Noise by its key: of which sealed set of which round.
  private var noise: [[UInt8]: String] = [:]
  private var keys: [String: [UInt8]] = [:]

  /// What was broken since the last look.
  mutating func takeViolations() -> [String] {
    defer { violations = [] }
    return violations
  }

  /// A transaction of the coordinator is durable.
  mutating func stored(_ changes: [FleetChange]) {
    for change in changes {
      switch change {
      case .jobCreated(let job): terms[job.id] = job.specification.privacy
      case .roundCommitted(let key, let result, _): commit(key, result)
      default: break
      }
    }
  }

  private mutating func commit(_ key: RoundKey, _ result: RoundResult) {
    guard let terms = terms[key.job] else {
      require(result.privacy == nil, "\(key) pays for privacy that its job does not have")
      return
    }
    guard let row = result.privacy else {
      require(false, "\(key) is committed without what it has spent")
      return
    }
    require(row.round == key.round, "\(key) pays for round \(row.round)")
    require(paid[key.job, default: []].insert(key.round).inserted, "\(key) pays twice")
    require(row.epsilon > spent[key.job] ?? 0, "\(key) gives privacy back")
    require(row.epsilon <= terms.epsilonMax, "\(key) passes the limit of its job")
    spent[key.job] = row.epsilon
  }

  /// A set is summed: the same set gets the same noise each time, and no other one does.
  mutating func summed(_ order: AggregationOrder) {
    guard let privacy = order.privacy else {
      require(terms[order.key.job] == nil, "\(order.key) is summed without noise")
      return
    }
    let set = "\(order.key) \(order.sealedHash)"
    let known = noise[privacy.key, default: set]
    require(known == set, "\(set) has the noise of \(known)")
    require(keys[set, default: privacy.key] == privacy.key, "\(set) has two noises")
    require(privacy.seal != order.sealedHash, "\(set) tells its hash")
    noise[privacy.key] = set
    keys[set] = privacy.key
  }

  private mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if !holds { violations.append(rule()) }
  }
}
