import FleetCore
import FleetProtocol

/// What must hold of a node's slots and of its energy, by books of their own.
struct SlotLedger {
  private struct Slots {
    var active: ContentDigest?
    var generation = Generation.none
    var previous: ContentDigest?
    /// What each model has learnt on the node, as it was last stored.
    var learnt: [ContentDigest: LearntState] = [:]
  }

  private var books: [Identifier: Slots] = [:]
  /// Broken rules since the last look.
  private(set) var violations: [String] = []

  private mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if !holds { violations.append(rule()) }
  }

  /// A transaction of an agent is durable.
  mutating func stored(_ changes: [AgentChange], of node: Identifier) {
    let before = books[node] ?? Slots()
    var slots = before
    for change in changes {
      switch change {
      case .probing(let model, _), .activated(let model):
        judge(model, slots, before, node)
        slots.active = model.model
        slots.generation = model.generation
        slots.learnt[model.model] = model.learnt
      case .reverted(let model):
        require(
          model.learnt == slots.learnt[model.model],
          "\(node) reverts \(model.model) without what it had learnt")
        (slots.active, slots.previous, slots.generation) = (model.model, nil, model.generation)
      case .previousKept(let model):
        slots.previous = model?.model
        guard let model else { continue }
        require(
          model.learnt == slots.learnt[model.model],
          "\(node) keeps \(model.model) without what it had learnt")
      case .learnt(let model, let learnt): slots.learnt[model] = learnt
      // The other facts are no part of a slot.
      default: break
      }
    }
    books[node] = slots
  }

  /// A model begins as its order says: as it was published, or with what was learnt before.
  private mutating func judge(
    _ model: AcceptedModel, _ slots: Slots, _ before: Slots, _ node: Identifier
  ) {
    let known = before.learnt[model.model]
    if slots.generation == model.generation {
      require(model.learnt == known, "\(node) forgets what \(model.model) has learnt")
    } else if !model.serving.carriesLearning {
      require(model.learnt == nil, "\(node) begins \(model.model) with what another had learnt")
    } else if model.model == before.active || model.model == before.previous {
      require(model.learnt == known, "\(node) orders \(model.model) back without what it learnt")
    } else {
      require(
        model.learnt == nil || before.learnt.values.contains { $0 == model.learnt },
        "\(node) begins \(model.model) with what nobody has learnt there")
    }
  }

  /// The node's machine is gone with its disk.
  mutating func machineGone(_ node: Identifier) { books[node] = nil }
}
