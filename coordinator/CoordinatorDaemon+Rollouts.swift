import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Workbench

extension CoordinatorService {
  func rollouts() async throws -> [RolloutView] {
    let state = daemon.snapshot().state
    return state.rollouts.values.sorted { $1.isOlder(than: $0) }
      .map { RolloutView($0, modelName: Self.name(of: $0.model, in: state)) }
  }

  func rollout(_ name: String) async throws -> RolloutDetailView {
    let core = daemon.snapshot()
    guard let id = Identifier(name), let record = core.state.rollouts[id] else {
      throw ServiceError(
        status: 404, code: "rollout-unknown",
        detail: "no rollout is called `\(name.prefix(80))`; `spikefleet rollout list` shows them")
    }
    let members = record.members.map { RolloutDetailView.Member($0.key.text, $0.value) }
    return RolloutDetailView(
      rollout: RolloutView(record, modelName: Self.name(of: record.model, in: core.state)),
      specification: record.specification,
      members: members.sorted { ($0.wave, $0.node) < ($1.wave, $1.node) },
      decisions: try daemon.store.decisions(of: id), look: core.looks[id]?.last)
  }

  func planRollout(_ specification: RolloutSpecification) async throws -> RolloutPlanView {
    let specification = try resolved(specification)
    let core = daemon.snapshot()
    let plan: RolloutPlan
    do throws(CommandRefusal) {
      plan = try core.plan(specification, at: WallClock.now())
    } catch {
      throw ServiceError(status: 409, code: error.code, detail: error.detail)
    }
    let unchanged = Set(plan.unchanged)
    let limits = core.state.energyLimits()
    let nodes = plan.record.members.filter { !unchanged.contains($0.key) }.map { id, member in
      RolloutPlanView.Node(
        node: id.text, wave: member.wave + 1,
        runs: member.before.map { Self.name(of: $0.model, in: core.state) } ?? "",
        liveness: core.sessions[id]?.liveness.rawValue ?? "never",
        joulesPerDay: core.nanojoulesPerDay(plan.record.model, on: id).map { $0 * 1e-9 },
        limitJoules: limits[id].map { Double($0) * 1e-9 })
    }
    return RolloutPlanView(
      model: Self.name(of: plan.record.model, in: core.state), digest: plan.record.model.hex,
      nodes: nodes.sorted { ($0.wave, $0.node) < ($1.wave, $1.node) },
      unchanged: plan.unchanged.map(\.text),
      omitted: plan.omitted.map {
        RolloutPlanView.Omitted(node: $0.node.text, reason: $0.reason, detail: $0.detail)
      })
  }

  func startRollout(
    _ specification: RolloutSpecification, requestID: String
  ) async throws -> CommandView {
    try command(.startRollout(try resolved(specification)), requestID)
  }

  func orderRollout(
    _ request: RolloutRequest, name: String, requestID: String
  ) async throws -> CommandView {
    try command(.rollout(name, request.order), requestID)
  }

  /// With the digest of the model that it names.
  private func resolved(
    _ specification: RolloutSpecification
  ) throws(ServiceError) -> RolloutSpecification {
    var specification = specification
    specification.model = try model(named: specification.model).digest.hex
    specification.standIns = try standIns(specification.standIns).map(\.hex)
    return specification
  }

  /// A model as people know it: name, release, and the first digits of what rounds have learnt.
  private static func name(of digest: ContentDigest, in state: FleetState) -> String {
    guard let model = state.models[digest] else { return digest.short }
    let name = "\(model.name) release \(model.releaseCounter)"
    return model.published == nil ? name : "\(name), learnt \(digest.short)"
  }
}

extension CoordinatorService {
  func budgets() async throws -> [BudgetView] {
    let state = daemon.snapshot().state
    return state.budgets.sorted { $0.key < $1.key }.map { _, budget in
      let nodes = state.nodes.values.count {
        $0.terms.revokedAt == nil && budget.selector.matches($0)
      }
      return BudgetView(
        budget: budget, nodes: nodes,
        joulesPerNode: budget.isShared
          ? budget.joulesPerDay / Double(max(1, nodes)) : budget.joulesPerDay)
    }
  }

  func setBudget(_ budget: EnergyBudget, requestID: String) async throws -> CommandView {
    try command(.setBudget(budget), requestID)
  }

  func removeBudget(_ name: String, requestID: String) async throws -> CommandView {
    try command(.removeBudget(name), requestID)
  }
}
