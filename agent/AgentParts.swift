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
  private let coordinatorKey: CurvePublicKey
  private let keys: CurveKeyPair
  private let root: TrustRoot
  private let stream: NodeStream
  /// Time that a goodbye may take on its way out.
  private static let lingerMilliseconds: Int32 = 500

  init(_ file: ConfigurationFile) throws {
    settings = try AgentConfiguration(file)
    guard let key = CurvePublicKey(z85: settings.coordinatorKey) else {
      throw file.error(
        "coordinator.publicKey", found: "`\(settings.coordinatorKey)`",
        expected: "a CURVE key, 40 characters of Z85",
        cure: "copy it from the coordinator: `spikefleet status` and its log show it")
    }
    coordinatorKey = key
    keys = try Self.keys(settings.keyFile, file)
    root = try RootFile(path: settings.rootFile).load()
    let samples = try SampleFolder.read(settings.stream)
    stream = NodeStream(
      samples, events: try StreamEvents.read(settings.stream, for: samples))
  }

  private static func keys(
    _ path: String, _ file: ConfigurationFile
  ) throws -> CurveKeyPair {
    do {
      return try CurveKeyFile(path: path).load()
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
    let log = try settings.logFormat.logger(label: "agent", level: settings.logLevel)
    let store = try AgentStore(folder: settings.stateFolder)
    let blobs = try BlobStore(folder: settings.stateFolder)
    let state = try store.load()
    try blobs.sweep(keeping: Set(state.neededBlobs))
    let inbox = Inbox<AgentShell.Mail>()
    let core = AgentCore(
      state: state,
      settings: AgentSettings(
        node: settings.node, chip: settings.chip, agentVersion: Version.text,
        boot: AgentStore.newBootID(), root: root,
        freezeMilliseconds: Int64(settings.freezeHours * 3_600_000),
        jitterSeed: .random(in: .min ... .max)))
    let transport = try AgentTransport(
      keys: keys, coordinatorKey: coordinatorKey, control: settings.control, data: settings.data,
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
      telemetrySeconds: settings.telemetrySeconds, blobs: blobs,
      report: { inbox.post(.chip($0)) })
    let signals = StopSignals { inbox.post(.stop(signal: $0)) }
    tell(log, state)
    return AgentShell(
      store: store, blobs: blobs,
      records: LearningRecordFolder(stateFolder: settings.stateFolder),
      transport: transport, chip: chip, inbox: inbox, core: core,
      tickMilliseconds: core.settings.tickMilliseconds,
      connections: ConnectionLog(
        control: settings.control, data: settings.data, node: settings.node.text,
        publicKey: keys.publicKey, log: log),
      crash: CrashPoint(environment: ProcessInfo.processInfo.environment), signals: signals,
      log: log)
  }

  private func tell(_ log: Logger, _ state: AgentState) {
    let now = UInt64(max(0, WallClock.now().microseconds))
    let root = state.root.flatMap { try? TrustRoot(envelope: $0.envelope) } ?? root
    if root.expiresMicroseconds < now {
      log.warning(
        "the root file has expired; nothing new is believed until a new one is in place",
        metadata: ["kind": "root.expired", "subject": "\(settings.rootFile)"])
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
