import Federation
import FleetCore
import FleetProtocol
import FleetStore

/// Draws random changes that are legal for an agent in the state they are drawn for.
struct AgentChangeSource {
  /// The outbox as it must be: boots in the order of their first window.
  private(set) var waiting: [OutboxBatch] = []

  private var generator: SplitMix
  private var sequences: [[UInt8]: UInt64] = [:]
  private var drawn: UInt32 = 0

  init(seed: UInt64) { generator = SplitMix(seed: seed) }

  mutating func transaction(on state: AgentState) -> [AgentChange] {
    var state = state
    return (0..<Int.random(in: 1...4, using: &generator)).map { _ in
      let change = change(in: state)
      state.apply(change)
      return change
    }
  }

  private mutating func change(in state: AgentState) -> AgentChange {
    drawn += 1
    switch Int.random(in: 0..<22, using: &generator) {
    case 20: return residual()
    case 21: return localLayers()
    case 17: return learnt(in: state)
    case 18: return .energyLimited(Bool.random(using: &generator) ? generator.wide() : nil)
    case 19:
      return .energyUsed(EnergyDay(day: Int64(generator.narrow()), nanojoules: generator.wide()))
    case 13: return .probing(model(), starts: generator.narrow())
    case 14: return .reverted(to: model())
    case 15: return .previousKept(Bool.random(using: &generator) ? model() : nil)
    case 0: return .desiredAccepted(model())
    case 1: return .activated(model())
    case 2:
      return .observed(
        ObservedModel(
          generation: generator.generation(),
          phase: ModelPhase.allCases.randomElement(using: &generator) ?? .failed,
          model: generator.digest(), code: generator.text(), detail: generator.text()))
    case 3: return offer()
    case 4: return training(in: state) ?? offer()
    case 5:
      let key = state.trainings.keys.sorted().randomElement(using: &generator)
      return .roundClosed(key ?? RoundKey(job: name("none"), round: drawn, attempt: 1))
    case 6: return .epochSeen(generator.wide())
    case 9:
      return .rootAccepted(
        RootRecord(version: generator.wide(), envelope: generator.bytes(9)),
        forgetsTime: Bool.random(using: &generator))
    case 10:
      var time = SignedTime()
      time.latest = generator.instant()
      time.issued = generator.instant()
      time.snapshot = generator.generation()
      time.heardAt = generator.instant()
      return .timestampSeen(time)
    case 11:
      return .noticed(
        NodeNotice(
          sequence: generator.wide(), at: generator.instant(),
          kind: NoticeKind.allCases.randomElement(using: &generator) ?? .rootRefused,
          code: generator.text(), document: generator.text(), detail: generator.text()))
    case 12 where drawn.isMultiple(of: 5): return .noticesAcknowledged(through: generator.wide())
    case 7: return acknowledgement() ?? queued()
    default: return queued()
    }
  }

  private mutating func model() -> AcceptedModel {
    AcceptedModel(
      generation: generator.generation(), name: name("model-\(drawn % 3)"),
      releaseCounter: generator.wide(), model: generator.digest(),
      manifest: generator.bytes(Int.random(in: 0...30, using: &generator)), baseManifest: [],
      isRollback: Bool.random(using: &generator), isTrial: Bool.random(using: &generator),
      serving: ServingTerms(
        shadowPerMille: UInt32.random(in: 0...1_000, using: &generator),
        probeInferences: UInt32.random(in: 0...9, using: &generator),
        learns: Bool.random(using: &generator),
        carriesLearning: Bool.random(using: &generator)),
      standIns: (0..<Int.random(in: 0...StandIn.countMax, using: &generator)).map { _ in
        StandIn(model: generator.digest(), manifest: generator.bytes(5))
      }, learnt: Bool.random(using: &generator) ? learntState() : nil)
  }

  private mutating func learntState() -> LearntState {
    LearntState(digest: generator.digest(), samples: generator.wide())
  }

  /// About a model in a slot, or about one that is in none.
  private mutating func learnt(in state: AgentState) -> AgentChange {
    let slots = [state.active?.model, state.previous?.model, generator.digest()].compactMap(\.self)
    let model = slots.randomElement(using: &generator) ?? generator.digest()
    return .learnt(model, Bool.random(using: &generator) ? learntState() : nil)
  }

  private mutating func offer() -> AgentChange {
    var record = TrainingRecord(
      key: RoundKey(job: name("job"), round: drawn, attempt: 1), base: generator.digest(),
      manifest: generator.bytes(8), baseManifest: generator.bytes(3),
      samples: generator.narrow(), seed: generator.wide(),
      compression: [.dense, .int8, .sign, .topK(perMille: 9, bytes: drawn.isMultiple(of: 2))]
        .randomElement(using: &generator) ?? .dense,
      terms: TrainingTerms(
        pull: [0, 0, 655, 65_535].randomElement(using: &generator) ?? 0,
        measuresLoss: Bool.random(using: &generator)))
    if drawn.isMultiple(of: 3) { record.localLayers = ["hidden", "\u{e9}\"\n"] }
    return .offerAccepted(record)
  }

  /// About one of more jobs than are kept.
  private mutating func localLayers() -> AgentChange {
    .localLayersKept(
      name("job-\(UInt8.random(in: 0..<12, using: &generator))"),
      Int.random(in: 0..<5, using: &generator) > 0 ? generator.digest() : nil)
  }

  /// About one of more jobs than are kept.
  private mutating func residual() -> AgentChange {
    .residualKept(
      name("job-\(UInt8.random(in: 0..<12, using: &generator))"),
      Int.random(in: 0..<5, using: &generator) > 0 ? generator.digest() : nil)
  }

  private mutating func training(in state: AgentState) -> AgentChange? {
    let open = state.trainings.values.filter { $0.result == nil }.map(\.key).sorted()
    guard let key = open.randomElement(using: &generator) else { return nil }
    var result = TrainingResult(
      digest: generator.digest(), size: generator.wide(), samples: generator.narrow(),
      correct: generator.narrow(), counts: [generator.wide(), generator.wide()],
      milliseconds: generator.narrow(),
      residual: Bool.random(using: &generator)
        ? PendingResidual(accepted: generator.digest(), unused: generator.digest()) : nil,
      lossMillionths: generator.narrow())
    if Bool.random(using: &generator) { result.localLayers = generator.digest() }
    return .trained(key, result, nextOrdinal: generator.wide())
  }

  private mutating func queued() -> AgentChange {
    // Boots follow one another, as on a node that restarts.
    let boot = [UInt8](repeating: UInt8(drawn / 40), count: 16)
    let sequence = (sequences[boot] ?? 0) + 1
    sequences[boot] = sequence
    let queued = window(sequence, inferences: sequence, at: 3)
    if waiting.last?.boot == boot {
      waiting[waiting.count - 1].windows.append(queued)
    } else {
      waiting.append(OutboxBatch(boot: boot, windows: [queued]))
    }
    return .windowQueued(boot: boot, queued)
  }

  private mutating func acknowledgement() -> AgentChange? {
    guard let batch = waiting.randomElement(using: &generator),
      let through = batch.windows.randomElement(using: &generator)?.sequence
    else { return nil }
    for index in waiting.indices where waiting[index].boot == batch.boot {
      waiting[index].windows.removeAll { $0.sequence <= through }
    }
    waiting.removeAll { $0.windows.isEmpty }
    return .windowsAcknowledged(boot: batch.boot, through: through)
  }
}
