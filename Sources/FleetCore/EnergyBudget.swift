package import FleetProtocol

/// Energy that nodes may use in a day, by an operator's word.
package struct EnergyBudget: Sendable, Equatable, Codable {
  /// Most budgets of a fleet.
  package static let countMax = 1_000
  /// Greatest energy of a day in joules: 1 GJ.
  package static let joulesMax = 1e9

  /// Its name, an identifier.
  package var name: String
  /// The nodes that it is for.
  package var selector: NodeSelector
  /// Joules a day, by UTC.
  package var joulesPerDay: Double
  /// True where all its nodes share the joules evenly; else each has as many.
  package var isShared: Bool

  /// A budget with its facts.
  package init(
    name: String, selector: NodeSelector = NodeSelector(), joulesPerDay: Double,
    isShared: Bool = false
  ) {
    self.name = name
    self.selector = selector
    self.joulesPerDay = joulesPerDay
    self.isShared = isShared
  }

  /// Nanojoules a day for one of so many nodes, at least one: 0 would be no limit.
  func nanojoules(sharedBy count: Int) -> UInt64 {
    let joules = isShared ? joulesPerDay / Double(max(1, count)) : joulesPerDay
    return max(1, UInt64(joules * 1e9))
  }
}

/// How a node says that it stands with its energy of today.
package struct NodeEnergy: Sendable, Equatable {
  /// Nanojoules that it may use in a day, the least of all limits that it knows.
  package var limitNanojoules: UInt64
  /// Nanojoules that its chip has used today.
  package var usedNanojoules: UInt64
  /// Inferences of a thousand that it makes.
  package var ratePerMille: UInt32
  /// True where learning waits.
  package var isLearningPaused: Bool
  /// The smaller model that answers; nil where the ordered one does.
  package var standIn: ContentDigest?

  init(_ wire: WireEnergyState) {
    limitNanojoules = wire.limitNanojoules
    usedNanojoules = wire.usedNanojoules
    ratePerMille = min(wire.ratePerMille, 1_000)
    isLearningPaused = wire.learningPaused
    standIn = ContentDigest(wire.standIn)
  }
}

extension CoordinatorCore {
  /// Nanojoules that a node may use in a day; nil for any.
  ///
  /// Where several budgets are for it, the least holds.
  package mutating func energyLimit(of node: Identifier) -> UInt64? {
    if state.budgets.isEmpty { return nil }
    let limits = energyLimits ?? state.energyLimits()
    energyLimits = limits
    return limits[node]
  }

  /// Nanojoules that a model would take on a node in a day at full speed; nil where that is not
  /// known.
  package func nanojoulesPerDay(_ model: ContentDigest, on node: Identifier) -> Double? {
    guard let inference = state.models[model]?.nanojoulesPerInference,
      let rate = state.nodes[node]?.terms.inferencesPerSecond
    else { return nil }
    return Double(inference) * rate * 86_400
  }

  /// Why a node must not run a model for the energy that it would take; nil where it may.
  func energyOmission(
    of node: Identifier, _ specification: RolloutSpecification, _ model: ContentDigest,
    limits: [Identifier: UInt64]
  ) -> RolloutPlan.Omitted? {
    guard specification.overBudget == .refuse, let limit = limits[node],
      let need = nanojoulesPerDay(model, on: node), need > Double(limit)
    else { return nil }
    let standIns = specification.standIns.compactMap { ContentDigest(hex: $0) }
    let fits = standIns.contains { standIn in
      nanojoulesPerDay(standIn, on: node).map { $0 <= Double(limit) } ?? false
    }
    guard !fits else { return nil }
    return .init(
      node: node, reason: .energy,
      detail: "the model would take \(EnergyText.joules(UInt64(min(need, 9e18)))) a day, the node "
        + "may use \(EnergyText.joules(limit)); raise its budget, list a smaller model in "
        + "`energy.standIns`, or set `energy.overBudget: limit`")
  }

  func setBudget(
    _ budget: EnergyBudget, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let name = Identifier(budget.name) else {
      throw CommandRefusal(
        "budget-name",
        "'\(budget.name.prefix(80))' is not a name; use a-z, 0-9, '.', '_' and '-'")
    }
    guard budget.joulesPerDay > 0, budget.joulesPerDay <= EnergyBudget.joulesMax else {
      throw CommandRefusal(
        "joules",
        "\(budget.joulesPerDay) J a day, expected more than 0 and at most 1e9; `budget remove` "
          + "takes a limit away")
    }
    guard state.budgets[name] != nil || state.budgets.count < EnergyBudget.countMax else {
      throw CommandRefusal(
        "budgets", "there are \(EnergyBudget.countMax) budgets; `budget remove` one")
    }
    try budget.selector.check()
    _ = try known(budget.selector.nodes)
    let count = state.nodes.values.count {
      $0.terms.revokedAt == nil && budget.selector.matches($0)
    }
    let each = budget.nanojoules(sharedBy: count)
    let event = FleetEvent(
      at: now, kind: "budget.set", subject: name.text,
      detail: "\(EnergyText.joules(each)) a day for each of \(count) nodes")
    return CommandDecision(
      changes: [.budgetSet(budget), .event(event)],
      answer: "\(EnergyText.joules(each)) a day for each of \(count) nodes")
  }

  func removeBudget(
    _ name: String, at now: Instant
  ) throws(CommandRefusal) -> CommandDecision {
    guard let id = Identifier(name), state.budgets[id] != nil else {
      throw CommandRefusal(
        "unknown-budget", "there is no budget '\(name.prefix(80))'; see `budget list`")
    }
    let event = FleetEvent(at: now, kind: "budget.removed", subject: id.text, detail: "")
    return CommandDecision(changes: [.budgetRemoved(id), .event(event)], answer: id.text)
  }
}

extension CoordinatorCore {
  /// Refuses models that cannot stand in for another one on these nodes.
  func checkStandIns(
    _ digests: [ContentDigest], for model: ModelRecord, on nodes: [Identifier]
  ) throws(CommandRefusal) {
    guard digests.count <= StandIn.countMax else {
      throw CommandRefusal(
        "stand-in", "\(digests.count) models to stand in, expected at most \(StandIn.countMax)")
    }
    var bytes = model.manifest.count + publishedManifest(of: model).count
    for digest in digests {
      guard let standIn = state.models[digest] else {
        throw CommandRefusal(
          "unknown-model", "model \(digest.short) is not stored; see `model list`")
      }
      guard standIn.published == nil, digest != model.digest else {
        throw CommandRefusal(
          "stand-in",
          "\(digest.short) is "
            + (digest == model.digest ? "the model itself" : "what a round has learnt")
            + ", expected another model that was published")
      }
      try checkChips(of: standIn, on: nodes)
      bytes += standIn.manifest.count
    }
    guard bytes <= 2 * Self.manifestBytesMax else {
      throw CommandRefusal(
        "manifest-size",
        "the manifests of the model and of those that stand in have \(bytes) bytes, limit "
          + "\(2 * Self.manifestBytesMax); list fewer or smaller ones")
    }
  }
}

extension FleetState {
  /// Nanojoules a day by node, for those that have a limit.
  package func energyLimits() -> [Identifier: UInt64] {
    var limits: [Identifier: UInt64] = [:]
    for budget in budgets.values {
      let selected = nodes.values.filter {
        $0.terms.revokedAt == nil && budget.selector.matches($0)
      }
      let limit = budget.nanojoules(sharedBy: selected.count)
      for node in selected { limits[node.id] = min(limits[node.id] ?? .max, limit) }
    }
    return limits
  }
}
