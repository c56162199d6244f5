import FleetCore
import FleetProtocol

/// What is true in a run, beside what the two cores believe: every safety rule is checked here.
///
/// It sees each transaction as it becomes durable, and each message as it leaves.
struct TruthLedger {
  /// Windows of one boot and what they counted up to.
  struct Boot {
    var sequences: Set<UInt64> = []
    var newest: UInt64 = 0
    var counts: [UInt64] = []
  }

  /// One of the machines that carry a node's name one after the other.
  struct Machine: Hashable {
    var node: Identifier
    var number: Int
  }

  /// What a node measured before it trained an update.
  static func loss(of update: ContentDigest) -> UInt32 { 1 + UInt32(update.bytes[0]) * 4_000 }

  /// The samples that an update was trained on.
  struct Training {
    var machine: Machine
    var samples: Range<UInt64>
  }

  /// Of which update something was left out, and whether it is the rest of one that counts.
  struct Residual {
    var update: UploadKey
    var isCounted: Bool
  }

  private(set) var violations: [String] = []
  /// Models that no node may ever run, and why.
  var flawed: [ContentDigest: SimulatedModel.Flaw] = [:]
  /// Where each update that exists comes from.
  var trainings: [ContentDigest: Training] = [:]
  /// Durable windows of each node, and those that the coordinator has stored.
  private var queued: [Identifier: [[UInt8]: Boot]] = [:]
  private var stored: [Identifier: [[UInt8]: Boot]] = [:]
  /// What the stored windows add up to.
  private var totals: [Identifier: [UInt64]] = [:]
  private var assigned: [Identifier: [Generation: ContentDigest]] = [:]
  private var accepted: [Identifier: Generation] = [:]
  /// The floor of each model name on a node, as the orders that it obeyed have moved it.
  private var served: [Identifier: [Identifier: UInt64]] = [:]
  /// What a node runs for good.
  private var kept: [Identifier: ContentDigest] = [:]
  private var counted: Set<UploadKey> = []
  private var learnt: [Machine: [Range<UInt64>]] = [:]
  /// Boots of machines that are gone: what they had not handed over is lost with them.
  private var gone: [Identifier: Set<[UInt8]>] = [:]
  /// What updates left out, by what the nodes keep of it.
  var residuals: [ContentDigest: Residual] = [:]
  /// Windows that were stored after the backup to which the coordinator went back.
  private var restoredAway: [Identifier: [[UInt8]: Set<UInt64>]] = [:]
  private var roots: [Identifier: UInt64] = [:]
  private var committed: Set<RoundKey> = []
  private var sealed: [RoundKey: ContentDigest] = [:]
  /// How often each of the operator's wishes changed something.
  private var acted: [String: Int] = [:]

  /// The books of rollouts, and of nodes' slots.
  var rollouts = RolloutLedger()
  var slots = SlotLedger()
  /// The books of private jobs.
  var privacy = PrivacyLedger()

  mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if !holds { violations.append(rule()) }
  }

  mutating func takeRolloutViolations() { violations += rollouts.violations }
  mutating func takeSlotViolations() { violations += slots.violations }
  mutating func takePrivacyViolations() { violations += privacy.takeViolations() }

  // MARK: the coordinator

  /// A transaction of the coordinator is durable.
  mutating func coordinatorStored(_ changes: [FleetChange]) {
    rollouts.stored(changes)
    takeRolloutViolations()
    privacy.stored(changes)
    takePrivacyViolations()
    for change in changes {
      switch change {
      case .desiredSet(let node, let assignment):
        let last = assigned[node, default: [:]].keys.max() ?? .none
        require(
          assignment.generation > last, "\(node): generation \(assignment.generation) after \(last)"
        )
        assigned[node, default: [:]][assignment.generation] = assignment.model
      case .telemetryStored(let node, let boot, let windows, _):
        for window in windows { count(window, of: node, boot) }
      case .updateAccepted(let key, let node, let update): count(update, of: node, in: key)
      case .roundSealed(let key, let hash):
        let isFirst = sealed[key] == nil
        require(isFirst, "\(key) was sealed twice")
        sealed[key] = hash
      case .roundCommitted(let key, let result, _):
        let isFirst = committed.insert(key).inserted
        require(isFirst, "\(key) was committed twice")
        let hash = sealed[key]
        require(hash == result.sealedHash, "\(key) commits another set than was sealed")
      case .requestAnswered(let id, .done, _):
        guard changes.count > 1 else { continue }
        let wish = String(id.prefix { $0 != "#" })
        let times = acted[wish, default: 0] + 1
        acted[wish] = times
        require(times == 1, "the command '\(wish)' acted \(times) times")
      // The other facts are judged by what follows from them.
      default: break
      }
    }
  }

  private mutating func count(
    _ window: WireTelemetryWindow, of node: Identifier, _ boot: [UInt8]
  ) {
    var progress = stored[node]?[boot] ?? Boot()
    guard window.sequence > progress.newest else {
      return require(false, "window \(window.sequence) of \(node) counted twice")
    }
    let made = queued[node]?[boot]?.sequences ?? []
    let passedOver = window.start > progress.newest ? (progress.newest + 1..<window.start) : 0..<0
    // Numbers that a full disk did not take never were windows.
    require(
      !passedOver.contains { made.contains($0) && !isRestoredAway($0, of: node, boot) },
      "\(node): of windows \(passedOver) some are missing")
    progress.newest = window.sequence
    progress.sequences.formUnion(window.start...window.sequence)
    let isMade = queued[node]?[boot]?.sequences.contains(window.sequence) ?? false
    require(
      isMade,
      "window \(window.sequence) of \(node) was stored, but never made")
    var total = totals[node] ?? []
    for (kind, count) in window.inferenceCounts.enumerated() {
      if kind == total.count { total.append(0) }
      total[kind] += count - (kind < progress.counts.count ? progress.counts[kind] : 0)
    }
    totals[node] = total
    progress.counts = window.inferenceCounts
    stored[node, default: [:]][boot] = progress
  }

  private func isRestoredAway(
    _ sequence: UInt64, of node: Identifier, _ boot: [UInt8]
  ) -> Bool {
    restoredAway[node]?[boot]?.contains(sequence) ?? false
  }

  /// The coordinator's disk holds what it held when `earlier` was true.
  ///
  /// What nodes have done since stays done, and so do the numbers that were given out.
  mutating func coordinatorRestored(to earlier: TruthLedger) {
    for (node, boots) in stored {
      for (boot, progress) in boots {
        let kept = earlier.stored[node]?[boot]?.sequences ?? []
        restoredAway[node, default: [:]][boot, default: []]
          .formUnion(progress.sequences.subtracting(kept))
      }
    }
    stored = earlier.stored
    totals = earlier.totals
    counted = earlier.counted
    learnt = earlier.learnt
    committed = earlier.committed
    sealed = earlier.sealed
    acted = earlier.acted
    rollouts = earlier.rollouts
  }

  private mutating func count(_ update: UpdateRecord, of node: Identifier, in key: RoundKey) {
    let isFirst = counted.insert(UploadKey(round: key, node: node)).inserted
    require(
      isFirst,
      "the update of \(node) for \(key) counted twice")
    guard let training = trainings[update.digest] else {
      require(false, "\(node): the update \(update.digest) was never trained")
      return
    }
    let machine = training.machine
    require(machine.node == node, "\(node) is credited with the update of \(machine.node)")
    let overlap = learnt[machine, default: []].first { $0.overlaps(training.samples) }
    require(overlap == nil, "\(node): samples \(training.samples) counted twice, in \(key)")
    learnt[machine, default: []].append(training.samples)
  }

  // MARK: agents

  private mutating func judge(_ model: AcceptedModel, on node: Identifier) {
    let floor = served[node]?[model.name] ?? 0
    require(
      model.isRollback || model.releaseCounter >= floor,
      "\(node) runs release \(model.releaseCounter) of '\(model.name)' after \(floor)")
    let flaw = flawed[model.model]
    require(flaw == nil, "\(node) runs \(model.model), which is \(flaw.map { "\($0)" } ?? "")")
  }

  /// A transaction of an agent is durable.
  mutating func agentStored(_ changes: [AgentChange], of node: Identifier) {
    slots.stored(changes, of: node)
    takeSlotViolations()
    for change in changes {
      switch change {
      case .desiredAccepted(let model):
        let last = accepted[node] ?? .none
        require(model.generation > last, "\(node) obeys \(model.generation) after \(last)")
        accepted[node] = model.generation
        let ordered = assigned[node]?[model.generation]
        require(
          ordered == model.model,
          "\(node) obeys what nobody ordered: \(model.model) at \(model.generation)")
      case .probing(let model, _): judge(model, on: node)
      case .activated(let model):
        judge(model, on: node)
        let floor = served[node]?[model.name]
        served[node, default: [:]][model.name] = model.floor(before: floor)
        kept[node] = model.model
      case .reverted(let model):
        require(
          model.model == kept[node],
          "\(node) goes back to \(model.model), which it did not keep before")
      case .windowQueued(let boot, let window):
        var progress = queued[node]?[boot] ?? Boot()
        require(
          window.sequence > progress.newest, "\(node): window \(window.sequence) is numbered back")
        progress.newest = window.sequence
        progress.sequences.insert(window.sequence)
        progress.counts = window.inferenceCounts
        queued[node, default: [:]][boot] = progress
      case .windowsAcknowledged(let boot, let through):
        let lost = (queued[node]?[boot]?.sequences ?? []).filter { $0 <= through }
          .subtracting(stored[node]?[boot]?.sequences ?? [])
          .subtracting(restoredAway[node]?[boot] ?? [])
        require(
          lost.isEmpty, "\(node): windows \(lost.sorted()) were acknowledged and are not stored")
      case .residualKept(_, let digest?):
        guard let residual = residuals[digest] else { continue }
        let isCounted = counted.contains(residual.update)
        let wrong = isCounted ? "did not count" : "counted"
        require(
          isCounted == residual.isCounted,
          "\(node) keeps the rest of \(residual.update.round) as if it \(wrong)")
      case .rootAccepted(let record, _):
        let version = roots[node] ?? 1
        require(record.version > version, "\(node) trusts root \(record.version) after \(version)")
        roots[node] = record.version
      // The other facts are judged by what follows from them.
      default: break
      }
    }
  }

  /// The node's machine is gone with its disk, and the next one has never heard of anything.
  mutating func machineGone(_ node: Identifier) {
    accepted[node] = nil
    served[node] = nil
    kept[node] = nil
    roots[node] = nil
    slots.machineGone(node)
    gone[node, default: []].formUnion((queued[node] ?? [:]).keys)
  }

  // MARK: the end

  /// Joules, as event counts: what the coordinator adds up is what the nodes' chips have done.
  mutating func balance(_ node: Identifier, database: [UInt64]?) {
    var truth: [UInt64] = []
    for (id, made) in queued[node] ?? [:] {
      let isGone = gone[node]?.contains(id) ?? false
      // Counters go on over what was restored away, unless the run ended with it.
      let isCut = isGone || isRestoredAway(made.newest, of: node, id)
      let counts = isCut ? stored[node]?[id]?.counts ?? [] : made.counts
      for (kind, count) in counts.enumerated() {
        if kind == truth.count { truth.append(0) }
        truth[kind] += count
      }
    }
    let total = totals[node] ?? []
    require(
      total == truth, "\(node): events \(total) add up from what is stored, true are \(truth)")
    if let database {
      require(database == truth, "\(node): the database sums events \(database), true are \(truth)")
    }
  }
}
