import CompiledModel
import Federation
import FleetCore
import FleetProtocol
import SpikingNetwork

/// A study's plan, checked and lowered: what every round of it starts from.
struct StudySetup: Sendable {
  let plan: StudyPlan
  /// The job with its model and with its nodes in node order.
  let job: JobSpecification
  let name: Identifier
  /// In node order.
  let nodes: [Identifier]
  let model: CompiledModel
  /// The base model as its publisher has signed it.
  let record: ModelRecord
  let manifest: WireManifest
  /// Positions of poisoned nodes.
  let poisoned: Set<Int>

  init(_ plan: StudyPlan) throws(ConfigurationError) {
    let model = try plan.checkedModel()
    func bad(_ key: String, _ found: String, _ expected: String) -> ConfigurationError {
      ConfigurationError(
        file: plan.sources.job, key: key, found: "`\(found.prefix(80))`", expected: expected,
        cure: "write a name of a-z, 0-9, `.`, `_` and `-` of at most 63 letters")
    }
    guard let name = Identifier(plan.job.name) else {
      throw bad("name", plan.job.name, "a name")
    }
    var nodes: [Identifier] = []
    for text in plan.job.nodes {
      guard let node = Identifier(text) else { throw bad("nodes", text, "names") }
      nodes.append(node)
    }
    nodes.sort()
    for (node, next) in zip(nodes, nodes.dropFirst()) where node == next {
      throw bad("nodes", node.text, "each name once")
    }
    let manifest = ModelPublisher.manifest(
      of: model, bytes: plan.base, releaseCounter: 1, createdMicroseconds: 0,
      expiresMicroseconds: StudyTrust.farAway,
      permit: ModelPublisher.Permit(
        layers: UpdateDoor.shape(of: model).map { Int($0.layer) }, maxDrift: 65_535,
        untilMicroseconds: StudyTrust.farAway))
    var record: ModelRecord
    do {
      record = try ModelIntake.published(
        manifest: ModelPublisher.sign(manifest, with: [StudyTrust.publisher]), bytes: plan.base,
        root: StudyTrust.root, at: StudyTrust.start)
    } catch {
      throw ConfigurationError(
        file: plan.sources.model, key: "", found: "\(error)", expected: "a model to publish",
        cure: "compile it again")
    }
    record.nanojoulesPerInference = EnergyForecast.nanojoulesPerInference(
      of: model, on: plan.check)
    self.record = record
    var job = plan.job
    job.model = record.digest.hex
    job.nodes = nodes.map(\.text)
    self.plan = plan
    self.job = job
    self.name = name
    self.nodes = nodes
    self.model = model
    self.manifest = manifest
    let order = CounterRandom.permutation(
      of: nodes.count, stream: Self.draws(job.seed).stream(Self.poisonStream))
    poisoned = Set(order.prefix(plan.poisoned))
  }

  /// The stream of a node, as it sees it itself.
  func stream(of node: Int) -> NodeStream {
    let samples = plan.data.selecting(plan.hands[node])
    return NodeStream(
      poisoned.contains(node)
        ? plan.attack.poisoned(samples, classes: model.classes) : samples)
  }

  /// Whether a node sends nothing in an attempt of a round.
  func isAway(_ node: Int, in key: RoundKey) -> Bool {
    guard plan.dropout > 0 else { return false }
    let stream = Self.draws(job.seed).stream(
      Self.dropoutStream, UInt64(key.round) << 32 | UInt64(key.attempt))
    let draw = CounterRandom.draw(stream, UInt64(node)) >> 11
    return Double(draw) * 0x1p-53 < plan.dropout
  }

  private static func draws(_ seed: UInt64) -> CounterRandom {
    CounterRandom(seed: seed, purpose: .training)
  }

  /// Keep these draws apart from others with the same seed.
  private static let poisonStream: UInt64 = 16
  private static let dropoutStream: UInt64 = 17
}
