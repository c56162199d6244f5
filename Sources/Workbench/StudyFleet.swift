import CompiledModel
import FleetCore
import FleetProtocol

/// One round of a study: a real coordinator core and real agent cores in one thread and virtual
/// time, with chips that really learn.
///
/// Every round begins as after a start of all processes, with what they had stored. So a study that
/// goes on after its process died takes the same path as one that never did, and keeps nothing in
/// memory from round to round. Nothing is lost on the wire, and a message takes no time.
final class StudyFleet {
  /// What is on its way, in the order in which it was sent.
  enum Parcel {
    case coordinator(CoordinatorEvent)
    case agent(Int, AgentEvent)
    case up(ReplyAddress, [[UInt8]])
    case down(ReplyAddress, [[UInt8]])
  }

  struct Node {
    var core: AgentCore
    var addresses: [WireEndpoint: ReplyAddress] = [:]
    var held: Set<ContentDigest>
  }

  /// A result that its chip has by then.
  struct Due {
    var at: Instant
    var outcome: StudyTraining.Outcome
  }

  static let tickMilliseconds: Int64 = 5_000

  let setup: StudySetup
  let folder: StudyFolder
  let threads: Int
  let show: @Sendable (_ trained: Int, _ ordered: Int) -> Void
  /// Runs along with the first training of the round.
  var beside: (@Sendable () -> Void)?
  let startedAt: Instant
  var now: Instant
  var core: CoordinatorCore
  var nodes: [Node] = []
  /// The node of each open connection.
  var connections: [ReplyAddress: Int] = [:]
  var connectionCount = 0
  /// Bytes of the models that pass over the wire.
  var contents: [ContentDigest: [UInt8]] = [:]
  /// Those that were delivered are nil, so that their payloads are gone.
  var parcels: [Parcel?] = []
  var orders: [StudyTraining.Task] = []
  var due: [Due] = []
  var compared: [ContentDigest: SuccessorOutcome] = [:]
  var evaluated: ParallelEvaluation?
  /// Held-out accuracy in percent of the model that the study began with.
  let firstAccuracy: Double?
  var tally = Tally()
  /// The commit of this round, and what it changed.
  var committed: (key: RoundKey, result: RoundResult, model: ModelRecord?)?
  /// Why the job ended without one.
  var failure: String?
  /// The first thing that went wrong, for whoever has to mend it.
  var firstTrouble: String?
  private var nextTick: Instant

  /// What all nodes did in this round, all attempts together.
  struct Tally {
    var bytesUp: UInt64 = 0
    var bytesDown: UInt64 = 0
    var outcomes: [StudyTraining.Outcome] = []
  }

  /// The fleet as it is after a round of its progress.
  init(
    _ setup: StudySetup, _ progress: StudyProgress, folder: StudyFolder, threads: Int,
    show: @escaping @Sendable (_ trained: Int, _ ordered: Int) -> Void
  ) throws(ConfigurationError) {
    self.setup = setup
    self.folder = folder
    self.threads = threads
    self.show = show
    startedAt = progress.at
    now = progress.at
    firstAccuracy = progress.rounds.first?.accuracy
    nextTick = progress.at.advanced(milliseconds: Self.tickMilliseconds)
    contents[setup.record.digest] = setup.plan.base
    contents[progress.model] =
      progress.model == setup.record.digest
      ? setup.plan.base : try folder.content(progress.model)
    core = CoordinatorCore(
      state: try Self.state(setup, progress),
      settings: CoordinatorSettings(tickMilliseconds: UInt32(Self.tickMilliseconds)))
    for (index, name) in setup.nodes.enumerated() {
      nodes.append(Self.node(index, name, progress.nodes[index], setup))
    }
  }

  /// What the coordinator's database would hold before the job.
  static func newState(_ setup: StudySetup) -> FleetState {
    var state = FleetState()
    for (index, name) in setup.nodes.enumerated() {
      state.apply(
        .nodeAccepted(
          NodeRecord(
            id: name, publicKey: StudyTrust.curveKey(index), acceptedAt: StudyTrust.start)))
    }
    state.apply(.modelAdded(setup.record))
    return state
  }

  /// What it would hold after the rounds that are over.
  private static func state(
    _ setup: StudySetup, _ progress: StudyProgress
  ) throws(ConfigurationError) -> FleetState {
    var state = newState(setup)
    guard let last = progress.rounds.last, last.round > 0 else { return state }
    if progress.model != setup.record.digest {
      state.apply(.modelAdded(try successor(progress, of: setup)))
    }
    var job = JobRecord(
      id: setup.name, specification: setup.job, current: progress.model,
      createdAt: StudyTrust.start)
    job.serverState = progress.serverState
    job.bestAccuracy = progress.bestAccuracy
    job.secret = StudyTrust.secret(setup.job)
    var round = RoundRecord(
      key: RoundKey(job: setup.name, round: last.round, attempt: last.attempts),
      base: progress.model, seed: 0, samples: setup.job.samplesPerRound, cohort: [],
      plannedAt: progress.at)
    round.state = .committed(
      RoundResult(
        sealedHash: last.model, model: last.model, accuracy: last.accuracy,
        accepted: last.isAccepted, committedAt: progress.at))
    state.apply([.jobCreated(job), .roundPlanned(round)])
    state.apply(paidRounds(setup, progress).map { .roundPlanned($0) })
    return state
  }

  private static func successor(
    _ progress: StudyProgress, of setup: StudySetup
  ) throws(ConfigurationError) -> ModelRecord {
    do {
      let envelope = [UInt8](progress.manifest)
      let manifest = try StudyTrust.root.successorManifest(envelope)
      return try ModelIntake.record(
        manifest, envelope: envelope, published: setup.record.digest, at: StudyTrust.start)
    } catch {
      throw ConfigurationError(
        file: "progress of the study", key: "manifest", found: "\(error)",
        expected: "what the study wrote", cure: "begin the study again in another folder")
    }
  }

  private static func node(
    _ index: Int, _ name: Identifier, _ stored: StudyNode, _ setup: StudySetup
  ) -> Node {
    var state = AgentState()
    state.trainingOrdinal = stored.ordinal
    if let residual = stored.residual {
      state.residuals = [JobResidual(job: setup.name, digest: residual)]
    }
    if let learnt = stored.localLayers {
      state.localLayers = [JobLocalLayers(job: setup.name, digest: learnt)]
    }
    let settings = AgentSettings(
      node: name, chip: setup.model.chip, agentVersion: Version.text,
      boot: (0..<16).map { UInt8(truncatingIfNeeded: (index + 1) >> (8 * ($0 % 8))) },
      root: StudyTrust.root, tickMilliseconds: UInt32(tickMilliseconds),
      jitterSeed: UInt64(index))
    return Node(
      core: AgentCore(state: state, settings: settings, hasWindows: false),
      held: Set(stored.held))
  }

  // MARK: running

  /// Runs until the round is committed or the job has failed.
  func run() throws(ConfigurationError) {
    try tell(.rootFile(StudyTrust.rootFile))
    try tell(.started)
    if core.state.jobs.isEmpty {
      try tell(
        .command(.startJob(setup.job, secret: StudyTrust.secret(setup.job)), requestID: "study"))
    }
    for index in nodes.indices { try tell(index, .started) }
    while !isOver {
      try deliver()
      if isOver { return }
      if orders.isEmpty { advance() } else { try train() }
    }
  }

  private var isOver: Bool { committed != nil || failure != nil }

  /// Delivers what is on its way, and what follows from it, until nothing is or the round is over.
  private func deliver() throws(ConfigurationError) {
    var place = 0
    while place < parcels.count, !isOver {
      guard let parcel = parcels[place] else {
        preconditionFailure("parcel \(place) was delivered before")
      }
      parcels[place] = nil
      place += 1
      switch parcel {
      case .coordinator(let event): try tell(event)
      case .agent(let index, let event): try tell(index, event)
      case .up(let address, let frames):
        guard let index = connections[address] else { continue }
        let peer = PeerIdentity(
          node: setup.nodes[index], publicKey: StudyTrust.curveKey(index))
        try tell(.received(address, user: peer.text, frames: frames))
      case .down(let address, let frames):
        guard let index = connections[address] else { continue }
        try tell(index, .received(address.endpoint, frames: frames))
      }
      // Places are given back long before the end of a large fleet's queue.
      if place >= 1_024 {
        parcels.removeFirst(place)
        place = 0
      }
    }
    parcels.removeFirst(place)
  }

  /// Lets the chips do what they were ordered to; results follow when the chips would have them.
  private func train() throws(ConfigurationError) {
    guard let base = orders.first?.order.base, let bytes = contents[base] else {
      preconditionFailure("an order to train from a model that is not there")
    }
    let model: CompiledModel
    do {
      model = try CompiledModel(reading: bytes)
    } catch {
      preconditionFailure("a model that was merged here: \(error)")
    }
    let training = StudyTraining(setup: setup, folder: folder, base: model, threads: threads)
    let (tasks, show) = (orders, show)
    orders = []
    let outcomes = try training.run(tasks, beside: beside) { show($0, tasks.count) }
    beside = nil
    for outcome in outcomes {
      tally.outcomes.append(outcome)
      let at = outcome.task.begunAt.advanced(milliseconds: outcome.chipMilliseconds)
      due.append(Due(at: max(now, at), outcome: outcome))
    }
  }

  /// Time passes until the next result or the next tick.
  private func advance() {
    let next = due.map(\.at).min().map { min($0, nextTick) } ?? nextTick
    now = next
    for entry in due where entry.at <= now {
      let outcome = entry.outcome
      parcels.append(
        .agent(
          outcome.task.node,
          .trained(
            outcome.task.order.key, outcome.result, nextOrdinal: outcome.nextOrdinal)))
    }
    due.removeAll { $0.at <= now }
    guard now >= nextTick else { return }
    nextTick = now.advanced(milliseconds: Self.tickMilliseconds)
    parcels.append(.coordinator(.tick))
    for index in nodes.indices { parcels.append(.agent(index, .tick)) }
  }
}
