import ArgumentParser
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Logging
import SensorData
import ServiceLifecycle
import SpikingNetwork
import UnixSignals
import Workbench
import ZeroMQTransport

extension LogFormat: ExpressibleByArgument {}

/// The daemon that holds the fleet's state.
struct Coordinator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spikefleet-coordinator",
    abstract: "Holds the state of a fleet: pushes models to agents, stores their telemetry, runs "
      + "federated rounds.",
    discussion: """
      Settings come from flags, then SPIKEFLEET_COORDINATOR_<KEY> in the environment, then the \
      file, then defaults. `spikefleet init` writes a file to start from. SIGTERM and SIGINT stop \
      it after what is acknowledged is on the disk; it goes on from its state folder at the next \
      start.

      Test aid: SPIKEFLEET_CRASH_AT=n in the environment kills the process at the n-th point of \
      this run. Points lie right before and right after each thing that it writes to the disk or \
      sends; at n = 0 it only says at its end how many it passed.

      `spikefleet-coordinator enrol --config FILE` is another process: it takes join tokens from \
      machines that are not nodes yet (`spikefleet-coordinator enrol --help`). \
      `spikefleet-coordinator restore FILE --config FILE` puts the state back from a backup.
      """,
    version: Version.text)

  @Option(help: "YAML file with the settings.")
  var config: String

  @Option(help: "Address of the control endpoint, tcp://HOST:PORT.")
  var control: String?

  @Option(help: "Address of the data endpoint, tcp://HOST:PORT.")
  var data: String?

  @Option(help: "Address of the admin endpoint, HOST:PORT; keep it on loopback.")
  var admin: String?

  @Option(help: "Folder of the database, the blobs and the admin token.")
  var stateFolder: String?

  @Option(help: "Lines for people or for machines: text or json.")
  var logFormat: LogFormat = .text

  @Option(help: "debug, info, notice, warning or error.")
  var logLevel: String?

  @Flag(help: "Read settings, keys and check data, say whether they hold, and end.")
  var check = false

  mutating func run() async throws {
    do {
      let file = try ConfigurationFile(
        path: config, environmentPrefix: "SPIKEFLEET_COORDINATOR_",
        overrides: [
          "control": control, "data": data, "admin": admin, "stateFolder": stateFolder,
          "logLevel": logLevel,
        ].compactMapValues { $0 })
      let settings = try CoordinatorConfiguration(file)
      let keys = try CoordinatorKeys(settings)
      let checkData = try settings.checkData.map { try Self.checkData($0, file) }
      if check {
        try keys.signing.check(keys.root)
        print("\(config): settings, keys and check data hold")
        return
      }
      try await serve(settings, keys, checkData)
    } catch let error as ExitCode {
      throw error
    } catch {
      FileHandle.standardError.write(Data("spikefleet-coordinator: \(error)\n".utf8))
      throw ExitCode(1)
    }
  }

  private static func checkData(
    _ path: String, _ file: ConfigurationFile
  ) throws -> LabelledSamples {
    do throws(SensorDataError) {
      return try SampleFolder.read(path)
    } catch {
      throw file.error(
        "checkData", found: "\(error.place): \(error.found)",
        expected: "samples with which merged models are checked",
        cure: "let `spikefleet data deal` write them, or take the key out to check no model")
    }
  }

  private func serve(
    _ settings: CoordinatorConfiguration, _ keys: CoordinatorKeys, _ checkData: LabelledSamples?
  ) async throws {
    let tail = LogTail()
    let log = try logFormat.logger(label: "coordinator", level: settings.logLevel, tail: tail)
    let descriptors = DescriptorLimit.raise()
    let store = try FleetStore(folder: settings.stateFolder)
    let blobs = try BlobStore(folder: settings.stateFolder)
    let token = try AdminTokenFile(stateFolder: settings.stateFolder).loadOrCreate()
    store.judge { rules in
      rules.wattsMax = settings.powerWattsMax
      rules.clockAheadMicroseconds = Int64(settings.clockAheadSeconds) * 1_000_000
    }
    let state = try store.start()
    try blobs.sweep(keeping: state.neededBlobs)
    let crash = CrashPoint(environment: ProcessInfo.processInfo.environment)
    let daemon = CoordinatorDaemon(
      store: store, blobs: blobs, state: state, settings: settings.settings,
      keys: keys.signing, crash: crash,
      work: BackgroundWork(
        blobs: blobs, keys: keys.signing, checkData: checkData, log: log),
      log: log)
    defer { daemon.stop() }
    daemon.notePrices(of: state.models.values)
    daemon.handle(.rootFile(keys.rootEnvelope))
    try keys.signing.use(daemon.snapshot().trust ?? keys.root)
    daemon.handle(.started)
    let transport = try CoordinatorTransport(
      keys: keys.curve, control: settings.control, data: settings.data,
      allowed: CoordinatorDaemon.allowed(daemon.snapshot().state),
      deliver: { daemon.deliver($0) })
    daemon.attach(transport)
    if let warning = DescriptorLimit.warning(descriptors, nodes: state.nodes.count) {
      log.warning("\(warning)", metadata: ["kind": "coordinator.descriptors"])
    }
    daemon.admit(daemon.snapshot().state)
    log.notice(
      "listening",
      metadata: [
        "kind": "coordinator.listening", "control": "\(transport.controlAddress)",
        "data": "\(transport.dataAddress)",
        "epoch": "\(state.epoch)", "nodes": "\(state.nodes.count)",
        "key": "\(keys.curve.publicKey)",
      ])
    let service = CoordinatorService(
      daemon: daemon, root: keys.root, keys: keys.signing, publicKey: keys.curve.publicKey,
      controlAddress: transport.controlAddress, dataAddress: transport.dataAddress,
      settings: settings.lines, tail: tail)
    // The group describes whole services, keys and all, below this level.
    var groupLog = log
    groupLog.logLevel = max(log.logLevel, .warning)
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(
            service: TickService(
              daemon: daemon, spool: settings.enrolSpool.map { EnrolmentSpool(path: $0) },
              log: log)),
          .init(service: StoreUpkeep(daemon: daemon, policy: settings.retention)),
          .init(service: MemoryUpkeep()),
          .init(
            service: AdminService(service: service, token: token, settings: settings, log: log)),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: groupLog))
    try await group.run()
    log.notice(
      "stopped",
      metadata: ["kind": "coordinator.stopped", "epoch": "\(state.epoch)"]
        .merging(crash.passed.map { ["crashPoints": "\($0)"] } ?? [:]) { $1 })
  }
}

/// Tells the core that time passes, until the process is asked to end.
private struct TickService: Service {
  let daemon: CoordinatorDaemon
  let spool: EnrolmentSpool?
  let log: Logger

  func run() async throws {
    let pause = Duration.milliseconds(daemon.snapshot().settings.tickMilliseconds)
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        daemon.handle(.tick)
        enrol()
        do {
          try await Task.sleep(for: pause)
        } catch {
          // Cancelled: the loop ends.
          return
        }
      }
    }
  }
}

extension TickService {
  /// Decides what waits in the spool; what the disk does not take is decided at the next tick.
  private func enrol() {
    for entry in spool?.waiting() ?? [] {
      guard let request = entry.request else {
        log.warning(
          "no enrolment request; removed",
          metadata: ["kind": "enrol.damaged", "file": "\(entry.file)"])
        spool?.remove(entry)
        continue
      }
      if daemon.handle(.enrolment(request)).failure == nil { spool?.remove(entry) }
    }
  }
}

/// The admin endpoint as a service of the process.
private struct AdminService: Service {
  let service: CoordinatorService
  let token: BearerToken
  let settings: CoordinatorConfiguration
  let log: Logger

  func run() async throws {
    var quiet = log
    quiet.logLevel = max(log.logLevel, .warning)
    let server = AdminServer(
      door: CoordinatorDoor(daemon: service.daemon, bootstrap: token), host: settings.adminHost,
      port: settings.adminPort, logger: quiet
    ) { holder in
      var service = service
      service.actor = holder.actor
      return service
    }
    let log = log
    do {
      try await server.run { port in
        log.notice(
          "admin endpoint", metadata: ["kind": "coordinator.administered", "port": "\(port)"])
      }
    } catch {
      guard "\(error)".contains("Address already in use") else { throw error }
      throw CoordinatorStartError.adminPortInUse("\(settings.adminHost):\(settings.adminPort)")
    }
  }
}

/// Why the coordinator does not start, where no library says it well.
enum CoordinatorStartError: Error, CustomStringConvertible {
  case adminPortInUse(String)

  var description: String {
    switch self {
    case .adminPortInUse(let address):
      "admin: \(address) is in use; stop what listens there (`ss -ltnp` names it) or set another "
        + "address in `admin`"
    }
  }
}
