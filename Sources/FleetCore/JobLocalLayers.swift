import Federation
package import FleetProtocol

/// What the layers that a job leaves on the node have learnt there, beside the job's models.
///
/// They belong to the job and not to what serves: a deployment neither takes nor changes them.
package struct JobLocalLayers: Sendable, Equatable {
  /// Most jobs of which something is kept; the one that was taken up least recently goes first.
  package static let countMax = 8
  /// Most layers that an offer may name.
  package static let layersMax = 256
  /// Longest name of a layer in bytes, as in a compiled model.
  package static let nameBytesMax = 63

  /// The job.
  package var job: Identifier
  /// Encoded `LocalLayers`, a blob.
  package var digest: ContentDigest

  /// A job with what was learnt.
  package init(job: Identifier, digest: ContentDigest) {
    self.job = job
    self.digest = digest
  }

  /// The layers that an offer leaves on the node; throws `local-layers` past the limits.
  static func names(in offer: WireRoundOffer) throws(ModelRefusal) -> [String] {
    let names = offer.localLayers
    guard names.count <= layersMax else {
      throw ModelRefusal("local-layers", "\(names.count) layers, expected \(layersMax) at most")
    }
    for (place, name) in names.enumerated() {
      guard (1...nameBytesMax).contains(name.utf8.count) else {
        throw ModelRefusal(
          "local-layers",
          "a name of \(name.utf8.count) bytes, expected 1 to \(nameBytesMax)")
      }
      guard place == 0 || names[place - 1] < name else {
        throw ModelRefusal(
          "local-layers", "`\(name)` after `\(names[place - 1])`, expected ascending order")
      }
    }
    return names
  }
}

extension AgentState {
  /// What the layers that a job leaves here have learnt, a blob.
  func localState(of job: Identifier) -> ContentDigest? {
    localLayers.first { $0.job == job }?.digest
  }

  /// Keeps what a job's layers have learnt, or nothing, and no more jobs than there is room for.
  mutating func keepLocalLayers(_ digest: ContentDigest?, of job: Identifier) {
    localLayers.removeAll { $0.job == job }
    if let digest { localLayers.append(JobLocalLayers(job: job, digest: digest)) }
    if localLayers.count > JobLocalLayers.countMax { localLayers.removeFirst() }
  }
}

extension AgentCore {
  /// A job's layers here cannot be read, or are of another structure: they begin from the model's.
  mutating func loseLocalLayers(
    of key: RoundKey, _ detail: String, at now: Instant, into directives: inout [AgentDirective]
  ) {
    guard training == key else { return }
    training = nil
    let text = "what layers of job \(key.job) have learnt here is dropped: \(detail)"
    let freed = state.localState(of: key.job)
    persist(
      [
        .localLayersKept(key.job, nil),
        .noticed(notice(.learningLost, "", "round", text, at: now)),
      ], into: &directives)
    if let freed, !state.neededBlobs.contains(freed) { directives.append(.dropBlob(freed)) }
    report("learning.lost", text, at: now, into: &directives)
  }
}

extension JobSpecification {
  /// Names of the layers that stay on the nodes, in ascending order.
  package var localLayers: [String] {
    merge.keys.sorted().filter { merge[$0] == .keepLocal }
  }
}
