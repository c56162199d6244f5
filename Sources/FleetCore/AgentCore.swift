package import FleetProtocol

/// The agent as a value: events and an instant go in, directives come out in order.
///
/// Invariant 1: `state` changes only together with a `persist` directive of the same changes.
/// Invariant 2: nothing that the coordinator may rely on is sent before that `persist`.
/// Invariant 3: what runs follows from `state`; after a restart the same work starts again, and
/// everything else here is a cache of what the shell and the coordinator were last asked.
package struct AgentCore: Sendable {
  /// What the store holds.
  package private(set) var state: AgentState
  /// Constants of behaviour.
  package let settings: AgentSettings
  /// The keys that this node believes now.
  package internal(set) var root: TrustRoot
  /// True after too long a time without a fresh sign of life.
  package internal(set) var isFrozen: Bool
  /// The model that serves; nil until the chip has loaded one.
  package internal(set) var serving: ContentDigest?
  /// The model that runs beside it; nil while none does.
  package internal(set) var shadowing: ContentDigest?
  /// A failed transaction may have dropped the end of a shadow.
  var mustStopShadow: Bool
  /// The model whose first inferences the chip was asked to count.
  var probing: ContentDigest?
  /// The model that the chip was told to let learn; nil while none does.
  var learning: ContentDigest?
  /// What the model that was loaded last had learnt.
  var loadedLearnt: LearntState?
  /// What models have learnt, as far as it is known to be on the disk.
  var learntBlobs: Set<ContentDigest>
  /// The round that is being trained; nil while the chip only serves.
  package internal(set) var training: RoundKey?
  /// Dropped messages by refusal code.
  package internal(set) var refusedFrames: [String: UInt64]

  /// True when the event in hand asked for a run, which a failed transaction drops.
  var hasJustTrained: Bool
  /// The round whose result the event in hand stores; the shell tells again of one that was not.
  var justFinished: RoundKey?

  // Conversation.
  var control: Link
  var data: Link
  var conversation: Conversation
  var attempts: [WireEndpoint: UInt32]
  var dataUsedAt: Instant
  /// The latest time that the coordinator has told.
  var heardTime: Instant
  /// By how much the node's clock was ahead of the coordinator's at its last word, in
  /// milliseconds; nil before the first.
  package internal(set) var clockSkewMilliseconds: Int64?
  var jitter: SeedSequence

  // Work that the shell was asked for.
  var download: Download?
  /// Whole models known to be on the disk.
  var stored: Set<ContentDigest>
  /// Models that were stored and cannot be read any more, until they were fetched again.
  var lost: Set<ContentDigest>
  /// How often each of them was lost since it was last loaded.
  var losses: [ContentDigest: Int]
  var loading: ContentDigest?
  /// Successors that lie within what their publishers permit, and the one being compared.
  var permitted: Set<ContentDigest>
  var comparing: ContentDigest?
  /// Models that the chip refused in this run.
  var unloadable: Set<ContentDigest>
  /// Models that could not be fetched lately, and when to try again.
  var postponed: [ContentDigest: Instant]
  /// When each update was last announced or asked for.
  var announced: [RoundKey: Instant]
  /// The newest round of each job that a verdict closed: an older offer is a late copy.
  var closed: [Identifier: RoundKey]
  /// Rounds this run declined for good, so that a repeated offer gets the same answer.
  var declined: [RoundKey: ModelRefusal]
  /// Nothing is started before this instant; set after a transaction failed.
  var pausedUntil: Instant?
  var mustPause: Bool
  private var lastInstant: Instant
  /// When this process began; a node that never saw a timestamp is patient from then on.
  private(set) var startedAt: Instant?
  /// The last refusal of each kind, so that a repeat is noted once.
  var refusals: [NoticeKind: String]
  var noticesSent: NoticesSent?
  /// A session whose coordinator does not know notices.
  var noticesUnwanted: UInt64?

  // Telemetry.
  var windowSequence: UInt64
  /// Whether the store knows of this run, whose last window is missing if it is killed.
  var isRunNoted: Bool
  var outbox: Outbox

  // Energy.
  var governor: EnergyGovernor
  /// The model that answers in place of the one that serves; nil while that one does.
  package internal(set) var standIn: ContentDigest?
  /// What the chip was last told; nil when it may not have heard it.
  var told: EnergyPace? = .full
  var meter = EnergyMeter()
  /// Thousandths of the battery's charge; nil on mains.
  var chargePerMille: UInt32?
  /// The meter before the event in hand, whose transaction may fail.
  var justMetered: EnergyMeter?

  // The node's own affairs.
  var rotation: KeyRotation
  var queries: TokenBucket?
  /// Questions that the shell was given and has not answered.
  var unansweredQueries: Int

  /// An agent on the state that its store loaded.
  ///
  /// Without `hasWindows` no telemetry waits in the store: nothing needs a data connection yet.
  package init(state: AgentState, settings: AgentSettings, hasWindows: Bool = true) {
    self.state = state
    self.settings = settings
    root = Self.root(settings, state)
    isFrozen = false
    refusals = [:]
    refusedFrames = [:]
    control = .closed
    data = .closed
    conversation = .none
    attempts = [:]
    dataUsedAt = Instant(microseconds: .min)
    heardTime = Instant(microseconds: .min)
    jitter = SeedSequence(state: settings.jitterSeed)
    stored = []
    learntBlobs = Set([state.active, state.previous].compactMap { $0?.learnt?.digest })
    lost = []
    losses = [:]
    lastInstant = Instant(microseconds: .min)
    permitted = []
    unloadable = []
    postponed = [:]
    announced = [:]
    closed = [:]
    declined = [:]
    mustPause = false
    mustStopShadow = false
    hasJustTrained = false
    windowSequence = 0
    isRunNoted = false
    outbox = Outbox(hasWindows: hasWindows, batch: .none)
    rotation = .none
    unansweredQueries = 0
    governor = EnergyGovernor(
      inferencesPerSecond: settings.inferencesPerSecond,
      leastPerMille: settings.energyLeastPerMille)
  }

  /// Goes back to what the store holds after a `persist` failed; conversations go on.
  ///
  /// Work is taken up again after a pause, so that a full disk is not hammered.
  package mutating func reload(_ state: AgentState) {
    self.state = state
    root = Self.root(settings, state)
    refusals = [:]
    noticesSent = nil
    isFrozen = false
    download = nil
    loading = nil
    comparing = nil
    announced = [:]
    outbox = .unknown
    isRunNoted = false
    resumeRotation()
    mustPause = true
    // An activation that was not stored was not carried out either: what is stored serves again.
    if serving != state.active?.model || standIn != nil { serving = nil }
    standIn = nil
    told = nil
    governor.reset()
    learning = nil
    if let justMetered { meter = justMetered }
    probing = nil
    mustStopShadow = true
    if hasJustTrained { training = nil }
    // Else another run would begin beside the result that the shell still holds.
    if let key = justFinished { training = key }
    if let key = training, state.trainings[key].map({ $0.result != nil }) ?? true {
      training = nil
    }
  }

  /// The one door: takes an event at an instant and returns what must be done, in order.
  package mutating func handle(_ event: AgentEvent, at now: Instant) -> [AgentDirective] {
    var directives: [AgentDirective] = []
    if now < lastInstant { rewind(to: now) }
    lastInstant = now
    hasJustTrained = false
    justFinished = nil
    justMetered = nil
    if mustPause {
      mustPause = false
      pausedUntil = now.advanced(milliseconds: Self.pauseMilliseconds)
    }
    switch event {
    case .started:
      startedAt = now
      start(at: now, into: &directives)
    case .tick:
      watch(at: now, into: &directives)
      if pausedUntil.map({ now >= $0 }) ?? true { watchFreeze(at: now, into: &directives) }
    case .linked(let endpoint): link(endpoint, at: now, into: &directives)
    case .unlinked(let endpoint, let reason, let needsOpen):
      unlink(endpoint, reason, needsOpen: needsOpen, at: now, into: &directives)
    case .received(let endpoint, let frames):
      receive(frames, on: endpoint, at: now, into: &directives)
    case .malformed(_, let frameCount):
      count(FrameRefusal.frameCount(found: frameCount, expected: 3).code)
    case .chunksInspected(let model, let present):
      inspected(model, present: present, into: &directives)
    case .chunkFailed(let model, _, let detail):
      postpone(model, detail, at: now, into: &directives)
    case .assembled(let model, let outcome):
      assembled(model, outcome, at: now, into: &directives)
    case .successorCompared(let model, let outcome):
      compared(model, outcome, at: now, into: &directives)
    case .modelLoaded(let model, let outcome):
      loaded(model, outcome, at: now, into: &directives)
    case .probed(let model, let figures): probed(model, figures, at: now, into: &directives)
    case .learnt(let model, let learnt): note(learnt, of: model, into: &directives)
    case .trained(let key, let result, let nextOrdinal):
      finish(key, result, nextOrdinal: nextOrdinal, into: &directives)
    case .residualLost(let key, let detail):
      loseResidual(of: key, detail, at: now, into: &directives)
    case .localLayersLost(let key, let detail):
      loseLocalLayers(of: key, detail, at: now, into: &directives)
    case .trainingFailed(let key, let code, let detail):
      giveUp(key, ModelRefusal(code, detail), at: now, into: &directives)
    case .windowClosed(let window, let energy):
      queue(window, energy, at: now, into: &directives)
      regulate(at: now, into: &directives)
    case .charged(let perMille): chargePerMille = perMille.map { min($0, 1_000) }
    case .outboxSent(let last, let boot): sent(last, boot: boot, at: now)
    case .nextKeyMade(let publicKey): nextKeyMade(publicKey)
    case .nextKeyAdopted(let isAdopted):
      nextKeyAdopted(isAdopted, at: now, into: &directives)
    case .queryAnswered(let report):
      unansweredQueries -= 1
      send(.agentReport(report), into: &directives)
    case .stopping:
      stop(into: &directives)
      return directives
    }
    pursue(at: now, into: &directives)
    return directives
  }

  static let pauseMilliseconds: Int64 = 5_000

  /// Applies changes to the state and asks for the same changes on the disk.
  mutating func persist(_ changes: [AgentChange], into directives: inout [AgentDirective]) {
    state.apply(changes)
    directives.append(.persist(changes))
  }

  mutating func count(_ code: String) {
    refusedFrames[code, default: 0] += 1
  }

  /// Tells the log something about this node.
  func report(
    _ kind: String, _ detail: String, at now: Instant, into directives: inout [AgentDirective]
  ) {
    directives.append(.report(FleetEvent(settings.node, kind, detail, at: now)))
  }

  /// Starts whatever the state still asks for; called after every event.
  private mutating func pursue(at now: Instant, into directives: inout [AgentDirective]) {
    if let until = pausedUntil {
      guard now >= until else { return }
      pausedUntil = nil
    }
    pursueModels(at: now, into: &directives)
    pursueLearning(into: &directives)
    pursueStandIns(at: now, into: &directives)
    pursueTraining(at: now, into: &directives)
    pursueNotices(at: now, into: &directives)
    pursueDataLink(at: now, into: &directives)
    pursueChunks(at: now, into: &directives)
    pursueUpdates(at: now, into: &directives)
    pursueOutbox(at: now, into: &directives)
  }

  func verifier(at now: Instant) -> ModelVerifier {
    ModelVerifier(
      node: settings.node, chip: settings.chip, root: root, floors: state.releaseFloors,
      now: trustedTime(at: now))
  }
}
