import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Logging
import SensorData
import SpikingNetwork
import Workbench
import ZeroMQTransport

/// What an agent is made of, read and checked before anything is opened for writing.
struct AgentParts {
  private let settings: AgentConfiguration
  private let coordinatorKeys: [CurvePublicKey]
  private let keys: CurveKeyPair
  private let root: TrustRoot
  private let stream: NodeStream
  /// Time that the enrolment endpoint has to answer.
  private static let joinMilliseconds = 10_000
  /// Time that a goodbye may take on its way out.
  private static let lingerMilliseconds: Int32 = 500

  init(_ file: ConfigurationFile) throws {
    settings = try AgentConfiguration(file)
    coordinatorKeys = try [
      ("coordinator.publicKey", settings.coordinatorKey),
      ("coordinator.nextPublicKey", settings.nextCoordinatorKey),
    ].compactMap { name, text in
      guard let text else { return nil }
      guard let key = CurvePublicKey(z85: text) else {
        throw file.error(
          name, found: "`\(text)`", expected: "a CURVE key, 40 characters of Z85",
          cure: "copy it from the coordinator: `spikefleet status` and its log show it")
      }
      return key
    }
    keys = try Self.keys(settings, file)
    root = try RootFile(path: settings.rootFile).load()
    let samples: LabelledSamples
    do throws(SensorDataError) {
      samples = try SampleFolder.read(settings.stream)
    } catch {
      throw file.error(
        "stream", found: "\(error.place): \(error.found)",
        expected: "the labelled samples of this node's sensor",
        cure: "name their folder, or let `spikefleet data deal` or `data import` write one")
    }
    stream = NodeStream(
      samples, events: try StreamEvents.read(settings.stream, for: samples))
  }

  private static func keys(
    _ settings: AgentConfiguration, _ file: ConfigurationFile
  ) throws -> CurveKeyPair {
    let path = settings.keyFile
    do {
      let keyFile = CurveKeyFile(path: path)
      return settings.makesKey ? try keyFile.loadOrCreate() : try keyFile.load()
    } catch {
      guard case .system(_, let call, let number) = error else { throw error }
      throw file.error(
        "keyFile", found: "\(path), where \(call) fails: \(String(cString: strerror(number)))",
        expected: "this node's CURVE key pair",
        cure: "name the file that `spikefleet init` made for this node, readable by this user")
    }
  }

  /// Takes the state folder, starts chip and sockets, and returns the shell that owns them.
  func start() throws -> AgentShell {
    let tail = LogTail()
    let log = try settings.logFormat.logger(
      label: "agent", level: settings.logLevel, tail: tail)
    let store = try AgentStore(folder: settings.stateFolder)
    let blobs = try BlobStore(folder: settings.stateFolder)
    let state = try store.load()
    let needed = Set(state.neededBlobs)
    try blobs.sweep(keeping: needed)
    try blobs.sweepDownloads(keeping: needed)
    let inbox = Inbox<AgentShell.Mail>()
    let core = AgentCore(
      state: state, settings: coreSettings(), hasWindows: try store.nextBatch() != nil)
    let transport = try AgentTransport(
      keys: keys, coordinatorKeys: coordinatorKeys, control: settings.control, data: settings.data,
      lingerMilliseconds: Self.lingerMilliseconds,
      deliver: { event in
        guard case .received(_, let frames) = event else {
          inbox.post(.transport(event))
          return
        }
        inbox.postFromPeer(.transport(event), bytes: frames.reduce(0) { $0 + $1.count })
      })
    let chip = ChipWorker(
      ChipRuntime(chip: settings.chip, stream: stream, settings: settings.learning),
      inferencesPerSecond: settings.inferencesPerSecond,
      telemetrySeconds: settings.telemetrySeconds, snapshotSeconds: settings.snapshotSeconds,
      blobs: blobs,
      report: { inbox.post(.chip($0)) })
    StopSignals.listen { inbox.post(.stop(signal: $0)) }
    tell(log, state, core.root)
    if state.epoch == 0 { join(log) }
    return AgentShell(
      store: store, blobs: blobs,
      records: LearningRecordFolder(stateFolder: settings.stateFolder),
      transport: transport, chip: chip, inbox: inbox, core: core,
      tickMilliseconds: core.settings.tickMilliseconds,
      connections: ConnectionLog(
        control: settings.control, data: settings.data, node: settings.node.text,
        publicKey: keys.publicKey, log: log),
      crash: CrashPoint(environment: ProcessInfo.processInfo.environment),
      affairs: NodeAffairs(settings: settings, tail: tail), log: log)
  }

  private func coreSettings() -> AgentSettings {
    var core = AgentSettings(
      node: settings.node, chip: settings.chip, agentVersion: Version.text,
      boot: AgentStore.newBootID(), root: root, diskQuotaBytes: settings.diskQuotaBytes,
      freezeMilliseconds: Int64(settings.freezeHours * 3_600_000),
      jitterSeed: .random(in: .min ... .max))
    core.inferencesPerSecond = settings.inferencesPerSecond
    core.energyLimitNanojoules = settings.joulesPerDay.map { UInt64(max(1, $0 * 1e9)) }
    core.energyLeastPerMille = UInt32((settings.energyLeastShare * 1_000).rounded())
    return core
  }

  /// Shows the join token once, before the first session ever; then the coordinator decides.
  private func join(_ log: Logger) {
    guard let join = settings.join else { return }
    do {
      let text = try SecretFile.read(join.tokenFile)
      guard let server = CurvePublicKey(z85: join.publicKey) else {
        log.error(
          "join.publicKey is not a CURVE key of 40 characters", metadata: ["kind": "join.failed"])
        return
      }
      var enrol = WireEnrol()
      enrol.token = text.filter { !$0.isWhitespace }
      enrol.nodeID = settings.node.text
      let answer = try EnrolmentCall.ask(
        EnrolmentMessage.frames(enrol), keys: keys, address: join.address, serverKey: server,
        milliseconds: Self.joinMilliseconds)
      guard let answer else {
        log.warning(
          "nobody answers; tried again at the next start",
          metadata: ["kind": "join.unanswered", "subject": "\(join.address)"])
        return
      }
      let told = try EnrolmentMessage.answer(answer)
      guard told.code.isEmpty else {
        log.warning(
          "\(told.code): \(told.detail)",
          metadata: ["kind": "join.refused", "subject": "\(join.address)"])
        return
      }
      log.notice(
        "the token is with the coordinator; dialling until it lets this node in",
        metadata: ["kind": "join.left", "subject": "\(join.address)"])
    } catch {
      log.error("not joined: \(error)", metadata: ["kind": "join.failed"])
    }
  }

  private func tell(_ log: Logger, _ state: AgentState, _ root: TrustRoot) {
    let now = UInt64(max(0, WallClock.now().microseconds))
    if root.expiresMicroseconds < now {
      log.warning(
        "the root file has expired; nothing new is believed until a new one is in place",
        metadata: ["kind": "root.expired", "subject": "version \(root.version)"])
    }
    log.notice(
      "starting",
      metadata: [
        "kind": "agent.starting", "subject": "\(settings.node)", "chip": "\(settings.chip)",
        "samples": "\(stream.samples.count)",
        "channels": "\(stream.samples.channels)",
        "model": "\(state.active.map { "\($0.name) \($0.model)" } ?? "none")",
        "key": "\(keys.publicKey)", "fingerprint": "\(keys.publicKey.fingerprint)",
        "version": "\(Version.text)",
      ])
  }
}
