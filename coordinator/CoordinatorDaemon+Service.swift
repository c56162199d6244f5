import CompiledModel
import FleetAPI
import FleetCore
import FleetProtocol
import FleetStore
import Foundation
import Workbench
import ZeroMQTransport

/// What the admin endpoint serves.
struct CoordinatorService: FleetService {
  let daemon: CoordinatorDaemon
  /// The root file of the settings, where the fleet's state holds none.
  let root: TrustRoot
  let keys: OnlineKeys
  /// Who asks, as the audit names it.
  var actor = AdminHolder.bootstrap.actor
  let publicKey: CurvePublicKey
  let controlAddress: String
  let dataAddress: String
  /// Settings in force, as `key: value`.
  let settings: [String]
  /// The newest lines of the log.
  let tail: LogTail

  var views: FleetViews {
    FleetViews(core: daemon.snapshot(), prices: daemon.priceTables, now: WallClock.now())
  }

  func status() async throws -> FleetStatus {
    let core = daemon.snapshot()
    let now = WallClock.now()
    return FleetStatus(
      version: Version.text, epoch: core.state.epoch,
      uptimeSeconds: Double(now.milliseconds(since: daemon.startedAt)) / 1_000,
      controlAddress: controlAddress, dataAddress: dataAddress, publicKey: publicKey.z85,
      nodes: core.state.nodes.count,
      nodesOnline: core.sessions.values.filter { $0.liveness == .online }.count,
      nodesPending: daemon.pendingKeys.all.count, models: core.state.models.count,
      jobsRunning: core.state.jobs.values.filter { $0.state == .running }.count,
      alarms: core.state.nodes.values.reduce(into: [:]) { alarms, node in
        if !node.alarm.isEmpty { alarms[node.alarm, default: 0] += 1 }
      },
      refusedFrames: core.refusedFrames, residentKibibytes: HostUsage.residentKibibytes())
  }

  func nodes() async throws -> [NodeView] { views.nodes() }
  func models() async throws -> [ModelView] { views.models() }

  func pending() async throws -> [PendingView] {
    daemon.pendingKeys.all.map { knock in
      PendingView(
        publicKey: knock.publicKey,
        fingerprint: CurvePublicKey(z85: knock.publicKey)?.fingerprint.text ?? "",
        address: knock.address, lastSeenMicroseconds: knock.lastSeen.microseconds)
    }
  }

  func top() async throws -> [TopRow] {
    let latest = try daemon.store.latestWindows()
    var previous: [Identifier: WireTelemetryWindow] = [:]
    for stored in latest {
      previous[stored.node] = try daemon.store.previousWindow(
        node: stored.node, boot: stored.boot, before: stored.window.sequence)
    }
    let totals = try daemon.store.totals()
    return TopTable(views: views, latest: latest, previous: previous, totals: totals).rows()
  }

  func energy() async throws -> [EnergyView] { views.energy(try daemon.store.totals()) }

  func telemetry(node: Identifier, limit: Int) async throws -> [TelemetryView] {
    guard daemon.snapshot().state.nodes[node] != nil else { throw Self.unknown(node: node.text) }
    let views = views
    return try daemon.store.telemetry(node: node, limit: limit).map(views.telemetry)
  }

  func audit(after id: Int64, limit: Int) async throws -> [AuditView] {
    try daemon.store.audit(after: id, limit: limit).map {
      AuditView(id: $0.id, entry: $0.entry, hash: $0.hash)
    }
  }

  func telemetry(_ query: TelemetryQuery) async throws -> TelemetryAnswer {
    try TelemetryTable(views: views, store: daemon.store, query: query).answer()
  }

  func events(_ query: JournalQuery) async throws -> [EventView] {
    try daemon.store.journal(query).map { EventView($0) }
  }

  // MARK: commands

  func accept(_ request: AcceptRequest, requestID: String) async throws -> CommandView {
    try command(
      .acceptNode(publicKey: try key(of: request).z85, name: request.name), requestID)
  }

  func reject(_ request: KeyRequest, requestID: String) async throws -> CommandView {
    try command(
      .rejectKey(publicKey: try key(request.publicKey, request.fingerprint).z85), requestID)
  }

  func order(
    _ request: NodeRequest, node: String, requestID: String
  ) async throws -> CommandView {
    let order: NodeOrder =
      switch request.verb {
      case .revoke: .revoke
      case .label: .label(set: request.labels ?? [:], remove: request.remove ?? [])
      case .cordon: .cordon
      case .uncordon: .uncordon
      case .drain: .drain(giveBack: request.giveBack ?? false)
      case .rotateKey: .rotateKey
      case .resetLearning: .resetLearning
      case .quarantine: .quarantine(reason: request.reason ?? "")
      case .pardon: .pardon
      case .replace:
        .replace(publicKey: try key(request.publicKey, request.fingerprint).z85)
      }
    return try command(.node(node, order), requestID)
  }

  func logs(node: Identifier, limit: Int) async throws -> [String] {
    try await ask(node, .logs, limit: limit).lines
  }

  func selfTest(node: Identifier) async throws -> [CheckView] {
    try await ask(node, .selfTest, limit: 0).checks.map {
      CheckView(name: $0.name, result: $0.result, detail: $0.detail)
    }
  }

  private func ask(
    _ node: Identifier, _ kind: WireAgentQueryKind, limit: Int
  ) async throws -> (lines: [String], checks: [WireSelfCheck]) {
    let outcome = await daemon.questions.ask { id in
      daemon.handle(.query(node, kind, limit: UInt32(clamping: limit), id: id))
    }
    switch outcome {
    case .answered(let lines, let checks): return (lines, checks)
    case .refused(let code, let detail):
      throw ServiceError(
        status: code == "unknown-node" ? 404 : 409, code: code, detail: detail)
    }
  }

  private func key(of request: AcceptRequest) throws(ServiceError) -> CurvePublicKey {
    try key(request.publicKey, request.fingerprint)
  }

  /// A key in full, or the pending one with a fingerprint.
  private func key(
    _ publicKey: String?, _ fingerprint: String?
  ) throws(ServiceError) -> CurvePublicKey {
    if let text = publicKey {
      guard let key = CurvePublicKey(z85: text) else {
        throw ServiceError(
          status: 400, code: "public-key",
          detail: "`\(text.prefix(64))` is no CURVE public key; expected 40 Z85 characters")
      }
      return key
    }
    let wanted = fingerprint ?? ""
    let matches = daemon.pendingKeys.all.compactMap { CurvePublicKey(z85: $0.publicKey) }
      .filter { $0.fingerprint.text == wanted }
    guard let key = matches.first else {
      throw ServiceError(
        status: 404, code: "fingerprint",
        detail: "no pending key has the fingerprint `\(wanted.prefix(64))`; "
          + "`spikefleet node list --pending` shows those that knocked")
    }
    return key
  }

  func putBlob(_ bytes: [UInt8], digest: ContentDigest) async throws {
    let found = BlobStore.digest(of: bytes)
    guard found == digest else {
      throw ServiceError(
        status: 400, code: "digest",
        detail: "the body has the digest \(found.hex), the path says \(digest.hex); send it again")
    }
    try daemon.blobs.put(bytes)
  }

  func blob(_ digest: ContentDigest) async throws -> [UInt8] {
    guard daemon.snapshot().state.models[digest] != nil else {
      throw ServiceError(
        status: 404, code: "model-unknown",
        detail: "no model has the digest \(digest.hex); `spikefleet model list` shows them")
    }
    return try daemon.blobs.read(digest)
  }

  func addModel(_ request: ModelRequest, requestID: String) async throws -> CommandView {
    guard let manifest = Data(base64Encoded: request.manifest) else {
      throw ServiceError(
        status: 400, code: "manifest", detail: "`manifest` is not valid base 64")
    }
    let envelope = [UInt8](manifest)
    let root = daemon.snapshot().trust ?? root
    do {
      let named = try root.publishedManifest(envelope)
      guard let digest = ContentDigest(named.modelDigest), try daemon.blobs.contains(digest) else {
        throw ServiceError(
          status: 409, code: "blob-missing",
          detail: "the manifest's model is not stored; put its bytes first")
      }
      let bytes = try daemon.blobs.read(digest)
      var record = try ModelIntake.published(
        manifest: envelope, bytes: bytes, root: root, at: WallClock.now())
      record.nanojoulesPerInference = daemon.work.forecast(try CompiledModel(reading: bytes))
      return try command(.addModel(record), requestID)
    } catch let error as TrustError {
      return CommandView(done: false, code: error.code, detail: "manifest: \(error)")
    } catch let error as IntakeError {
      return CommandView(done: false, code: error.code, detail: error.description)
    }
  }

  func deploy(_ request: DeployRequest, requestID: String) async throws -> CommandView {
    let model = try model(named: request.model)
    let terms = DeploymentTerms(
      allowRollback: request.allowRollback ?? false, isTrial: request.trial ?? false,
      serving: try serving(request), standIns: try standIns(request.standIns ?? []))
    return try command(
      .deploy(model: model.digest, nodes: request.nodes, terms: terms), requestID)
  }

  private func serving(_ request: DeployRequest) throws(ServiceError) -> ServingTerms {
    let (shadow, probe) = (request.shadowPerMille ?? 0, request.probeInferences ?? 0)
    let serving = ServingTerms(
      askedShadowPerMille: shadow, probeInferences: probe, learns: request.learns ?? false,
      carriesLearning: request.carriesLearning ?? false)
    guard let serving else {
      throw ServiceError(
        status: 400, code: "serving",
        detail: "`shadowPerMille` \(shadow), expected 0 to \(ServingTerms.perMilleMax); "
          + "`probeInferences` \(probe), expected 0 to \(ServingTerms.probeInferencesMax); one of "
          + "the two has to be 0: deploy with a probe when the shadow has shown enough")
    }
    return serving
  }

  /// Digests of models that are named to stand in.
  func standIns(_ names: [String]) throws(ServiceError) -> [ContentDigest] {
    var digests: [ContentDigest] = []
    for name in names { digests.append(try model(named: name).digest) }
    return digests
  }

  func addRoot(_ request: RootRequest, requestID: String) async throws -> CommandView {
    guard let bytes = Data(base64Encoded: request.root) else {
      throw ServiceError(status: 400, code: "root", detail: "`root` is not valid base 64")
    }
    do {
      // Before the fleet hears of it: afterwards there is no way back to the old keys.
      try keys.check(try TrustRoot(envelope: [UInt8](bytes)))
    } catch let error as TrustError {
      return CommandView(done: false, code: error.code, detail: "\(error)")
    } catch let error as KeyringError {
      return CommandView(done: false, code: error.code, detail: "\(error)")
    }
    return try command(.addRoot([UInt8](bytes)), requestID)
  }

  func roots() async throws -> RootView {
    let core = daemon.snapshot()
    let newest = core.trust ?? root
    return RootView(
      version: newest.version, expiresMicroseconds: newest.expiresMicroseconds,
      envelope: Data(core.state.roots.last?.envelope ?? []).base64EncodedString())
  }

  /// A model by digest, by at least eight first digits of it, or by name.
  func model(named text: String) throws(ServiceError) -> ModelRecord {
    let models = daemon.snapshot().state.models.values.sorted { $0.digest < $1.digest }
    if let digest = ContentDigest(hex: text),
      let model = models.first(where: { $0.digest == digest }
      )
    {
      return model
    }
    let named = models.filter { $0.name.text == text && $0.published == nil }
    if let newest = named.max(by: { $0.releaseCounter < $1.releaseCounter }) { return newest }
    let matches = text.utf8.count >= 8 ? models.filter { $0.digest.hex.hasPrefix(text) } : []
    guard let match = matches.first, matches.count == 1 else {
      let reason = matches.isEmpty ? "no model is" : "\(matches.count) models are"
      throw ServiceError(
        status: 404, code: "model-unknown",
        detail: "\(reason) called `\(text.prefix(80))`; name one, or at least 8 first digits of "
          + "its digest: `spikefleet model list` shows them")
    }
    return match
  }

  func command(
    _ command: Command, _ requestID: String
  ) throws(ServiceError) -> CommandView {
    let (answer, failure) = daemon.handle(
      .command(command, requestID: requestID, actor: actor))
    if let failure {
      throw ServiceError(status: 503, code: "store", detail: failure)
    }
    switch answer {
    case .done(let text): return CommandView(done: true, code: "", detail: text)
    case .refused(let code, let detail):
      return CommandView(done: false, code: code, detail: detail)
    case nil:
      preconditionFailure("the core answered neither yes nor no to \(command)")
    }
  }

  private static func unknown(node: String) -> ServiceError {
    ServiceError(
      status: 404, code: "node-unknown",
      detail: "no node is called `\(node)`; `spikefleet node list` shows them")
  }
}
