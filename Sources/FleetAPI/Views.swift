/// What the coordinator says of itself and its fleet.
package struct FleetStatus: Codable, Sendable, Equatable {
  /// Version of the coordinator.
  package var version: String
  /// Raised at every start of the coordinator.
  package var epoch: UInt64
  /// Seconds since this process started.
  package var uptimeSeconds: Double
  /// Where agents connect for control, as `tcp://HOST:PORT`.
  package var controlAddress: String
  /// Where agents connect for data, as `tcp://HOST:PORT`.
  package var dataAddress: String
  /// The public key that agents pin, 40 Z85 characters.
  package var publicKey: String
  /// Accepted nodes, and those heard within their heartbeat.
  package var nodes: Int
  /// Nodes heard within their heartbeat.
  package var nodesOnline: Int
  /// Keys that knocked and that nobody accepted.
  package var nodesPending: Int
  /// Models that can be served.
  package var models: Int
  /// Jobs that run.
  package var jobsRunning: Int
  /// Nodes that an operator has to look at, by what is amiss; nil from an older coordinator.
  package var alarms: [String: Int]?
  /// Dropped messages by refusal code.
  package var refusedFrames: [String: UInt64]
  /// Resident memory of the coordinator in KiB.
  package var residentKibibytes: Int

  /// A value with all its fields.
  package init(
    version: String, epoch: UInt64, uptimeSeconds: Double, controlAddress: String,
    dataAddress: String, publicKey: String, nodes: Int, nodesOnline: Int, nodesPending: Int,
    models: Int, jobsRunning: Int, alarms: [String: Int]? = nil, refusedFrames: [String: UInt64],
    residentKibibytes: Int
  ) {
    self.version = version
    self.epoch = epoch
    self.uptimeSeconds = uptimeSeconds
    self.controlAddress = controlAddress
    self.dataAddress = dataAddress
    self.publicKey = publicKey
    self.nodes = nodes
    self.nodesOnline = nodesOnline
    self.nodesPending = nodesPending
    self.models = models
    self.jobsRunning = jobsRunning
    self.alarms = alarms
    self.refusedFrames = refusedFrames
    self.residentKibibytes = residentKibibytes
  }
}

/// One accepted node.
package struct NodeView: Codable, Sendable, Equatable {
  /// The node's name.
  package var name: String
  /// Its CURVE public key, 40 Z85 characters.
  package var publicKey: String
  /// The key's short form, `xxxx-xxxx-xxxx-xxxx`.
  package var fingerprint: String
  /// online, suspect, offline, or never.
  package var liveness: String
  /// Milliseconds since it was last heard; nil when it never was by this process.
  package var silentMilliseconds: Int64?
  /// The chip it said it carries; empty before its first HELLO.
  package var chip: String
  /// Model that it should run, 64 hexadecimal digits; nil before a deployment.
  package var desiredModel: String?
  /// Generation of that wish, `epoch.number`.
  package var desiredGeneration: String?
  /// Generation that its last report is about, `epoch.number`.
  package var observedGeneration: String?
  /// Model it last reported about, 64 hexadecimal digits.
  package var observedModel: String?
  /// Where it stands, by the names of `ModelPhase`; nil before any report.
  package var phase: String?
  /// Stable refusal or failure code, empty when there is none.
  package var code: String
  /// The reason in words, empty when there is none.
  package var detail: String
  /// open, cordoned, draining, drained or revoked.
  package var duty = "open"
  /// Why no federated round asks it; nil where they may.
  package var quarantine: String?
  /// What operators select it by.
  package var labels: [String: String] = [:]
  /// Version of its agent as of its last HELLO; empty before the first.
  package var agentVersion = ""
  /// True where that is not the coordinator's own.
  package var isOutdated = false
  /// True while its agent is asked for a new key.
  package var isRotating = false
  /// When two live processes last used its key, microseconds since 1970 UTC.
  package var duplicateMicroseconds: Int64?
  /// Kind of the event that an operator has to look at; empty when nothing is amiss.
  package var alarm: String
  /// Version of the root file that the node believes; nil while it is away or does not say.
  package var rootVersion: UInt64?

  /// A value with its facts; the terms of the node are those of a fresh one.
  package init(
    name: String, publicKey: String, fingerprint: String, liveness: String,
    silentMilliseconds: Int64? = nil, chip: String, desiredModel: String? = nil,
    desiredGeneration: String? = nil, observedGeneration: String? = nil,
    observedModel: String? = nil, phase: String? = nil,
    code: String, detail: String, alarm: String = "", rootVersion: UInt64? = nil
  ) {
    self.alarm = alarm
    self.rootVersion = rootVersion
    self.name = name
    self.publicKey = publicKey
    self.fingerprint = fingerprint
    self.liveness = liveness
    self.silentMilliseconds = silentMilliseconds
    self.chip = chip
    self.desiredModel = desiredModel
    self.desiredGeneration = desiredGeneration
    self.observedGeneration = observedGeneration
    self.observedModel = observedModel
    self.phase = phase
    self.code = code
    self.detail = detail
  }
}

/// A key that knocked and that nobody accepted yet.
package struct PendingView: Codable, Sendable, Equatable {
  /// The CURVE public key, 40 Z85 characters.
  package var publicKey: String
  /// The key's short form, `xxxx-xxxx-xxxx-xxxx`.
  package var fingerprint: String
  /// Where it came from.
  package var address: String
  /// Microseconds since 1970 UTC of the last knock.
  package var lastSeenMicroseconds: Int64

  /// A value with all its fields.
  package init(
    publicKey: String, fingerprint: String, address: String, lastSeenMicroseconds: Int64
  ) {
    self.publicKey = publicKey
    self.fingerprint = fingerprint
    self.address = address
    self.lastSeenMicroseconds = lastSeenMicroseconds
  }
}

/// One model the coordinator can serve.
package struct ModelView: Codable, Sendable, Equatable {
  /// The name from its manifest.
  package var name: String
  /// The release counter from its manifest.
  package var releaseCounter: UInt64
  /// SHA-256 of the compiled model, 64 hexadecimal digits.
  package var digest: String
  /// Size in bytes.
  package var size: UInt64
  /// Chips it fits.
  package var chips: [String]
  /// The published model it stems from; nil for a published model.
  package var published: String?
  /// Microseconds since 1970 UTC.
  package var addedMicroseconds: Int64
  /// Names of the nodes that report it active.
  package var activeOn: [String]

  /// A value with all its fields.
  package init(
    name: String, releaseCounter: UInt64, digest: String, size: UInt64, chips: [String],
    published: String? = nil, addedMicroseconds: Int64, activeOn: [String]
  ) {
    self.name = name
    self.releaseCounter = releaseCounter
    self.digest = digest
    self.size = size
    self.chips = chips
    self.published = published
    self.addedMicroseconds = addedMicroseconds
    self.activeOn = activeOn
  }
}

/// A line of the live table.
package struct TopRow: Codable, Sendable, Equatable {
  /// The node's name.
  package var node: String
  /// online, suspect, offline, or never.
  package var liveness: String
  /// Model of its newest window, 64 hexadecimal digits; nil before any.
  package var model: String?
  /// Online accuracy in percent over the sliding window; nil without labels.
  package var accuracy: Double?
  /// Inferences per second between the two newest windows; nil before two.
  package var inferencesPerSecond: Double?
  /// Joules of the chip since the node was accepted, all components.
  package var joules: Double
  /// Microjoules per inference of inference alone, since the node was accepted.
  package var microjoulesPerInference: Double?
  /// idle, or the round being trained.
  package var learningState: String
  /// Samples learnt since the node was accepted.
  package var learningSamples: UInt64
  /// Resident memory of the agent in KiB.
  package var residentKibibytes: Int
  /// Milliseconds since the newest window was made, by the node's clock.
  package var ageMilliseconds: Int64?
  /// Name and evidence grade of the price table behind the joules.
  package var priceTable: String
  /// How the node stands with its energy of today; nil where it has no limit.
  package var energy: NodeEnergyView?

  /// A value with all its fields.
  package init(
    node: String, liveness: String, model: String? = nil, accuracy: Double? = nil,
    inferencesPerSecond: Double? = nil, joules: Double,
    microjoulesPerInference: Double? =
      nil, learningState: String, learningSamples: UInt64, residentKibibytes: Int,
    ageMilliseconds: Int64? = nil, priceTable: String
  ) {
    self.node = node
    self.liveness = liveness
    self.model = model
    self.accuracy = accuracy
    self.inferencesPerSecond = inferencesPerSecond
    self.joules = joules
    self.microjoulesPerInference = microjoulesPerInference
    self.learningState = learningState
    self.learningSamples = learningSamples
    self.residentKibibytes = residentKibibytes
    self.ageMilliseconds = ageMilliseconds
    self.priceTable = priceTable
  }
}

/// What a node's chip has spent under one price table since the node was accepted.
package struct EnergyView: Codable, Sendable, Equatable {
  /// The node's name.
  package var node: String
  /// Name of the price table.
  package var priceTable: String
  /// SHA-256 of the price table, 64 hexadecimal digits.
  package var priceDigest: String
  /// Weakest evidence grade among the prices used.
  package var grade: String
  /// Joules of inference by component.
  package var inferenceJoules: [String: Double]
  /// Joules of learning by component.
  package var learningJoules: [String: Double]
  /// Inferences made.
  package var inferences: UInt64
  /// Samples learnt.
  package var learningSamples: UInt64
  /// Bytes the agent sent over the wire.
  package var sentBytes: UInt64
  /// Bytes the agent received over the wire.
  package var receivedBytes: UInt64

  /// A value with all its fields.
  package init(
    node: String, priceTable: String, priceDigest: String, grade: String,
    inferenceJoules:
      [String: Double], learningJoules: [String: Double], inferences: UInt64,
    learningSamples:
      UInt64, sentBytes: UInt64, receivedBytes: UInt64
  ) {
    self.node = node
    self.priceTable = priceTable
    self.priceDigest = priceDigest
    self.grade = grade
    self.inferenceJoules = inferenceJoules
    self.learningJoules = learningJoules
    self.inferences = inferences
    self.learningSamples = learningSamples
    self.sentBytes = sentBytes
    self.receivedBytes = receivedBytes
  }
}

/// One stored telemetry window.
package struct TelemetryView: Codable, Sendable, Equatable {
  /// The node's name.
  package var node: String
  /// First 12 digits of the agent's boot id.
  package var boot: String
  /// Position in the boot's stream.
  package var sequence: UInt64
  /// When it was made by the node's clock, microseconds since 1970 UTC.
  package var atMicroseconds: UInt64
  /// Model of the window, 64 hexadecimal digits.
  package var model: String
  /// Cumulative since the boot.
  package var inferences: UInt64
  /// Inferences with a known label, cumulative since the boot.
  package var labelled: UInt64
  /// Hits among them, cumulative since the boot.
  package var correct: UInt64
  /// Samples learnt, cumulative since the boot.
  package var learningSamples: UInt64
  /// Joules of the chip, cumulative since the boot; nil when the price table is not held.
  package var joules: Double?
  /// idle, or the round being trained.
  package var learningState: String
  /// Resident memory of the agent in KiB.
  package var residentKibibytes: UInt32
  /// What speaks against the window, or what is missing before it, in words.
  package var flags: [String]

  /// A value with all its fields.
  package init(
    node: String, boot: String, sequence: UInt64, atMicroseconds: UInt64, model: String,
    inferences: UInt64, labelled: UInt64, correct: UInt64, learningSamples: UInt64,
    joules:
      Double? = nil, learningState: String, residentKibibytes: UInt32,
    flags: [String] = []
  ) {
    self.flags = flags
    self.node = node
    self.boot = boot
    self.sequence = sequence
    self.atMicroseconds = atMicroseconds
    self.model = model
    self.inferences = inferences
    self.labelled = labelled
    self.correct = correct
    self.learningSamples = learningSamples
    self.joules = joules
    self.learningState = learningState
    self.residentKibibytes = residentKibibytes
  }
}
