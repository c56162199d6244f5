/// Settings that `spikefleet init` writes: plain YAML with a word on each value.
///
/// Keys are those that the daemons and the tool read; paths are relative to each file's folder.
package struct FleetFolderSettings: Sendable, Equatable {
  /// Address that the coordinator listens on.
  package var host: String
  /// Port of small messages.
  package var controlPort: Int
  /// Port of chunks, updates and telemetry.
  package var dataPort: Int
  /// Port of the admin endpoint, on loopback.
  package var adminPort: Int
  /// The coordinator's CURVE public key, 40 Z85 characters.
  package var coordinatorPublicKey: String
  /// Name of the chip that the nodes carry.
  package var chip: String
  /// Samples of its stream that a node shows its chip in a second.
  package var inferencesPerSecond: Int
  /// Seconds between two telemetry windows.
  package var telemetrySeconds: Int
  /// Milliseconds between two heartbeats of an agent.
  package var heartbeatMilliseconds: Int

  /// Settings of one fleet.
  package init(
    host: String, controlPort: Int, dataPort: Int, adminPort: Int, coordinatorPublicKey: String,
    chip: String, inferencesPerSecond: Int, telemetrySeconds: Int, heartbeatMilliseconds: Int
  ) {
    self.host = host
    self.controlPort = controlPort
    self.dataPort = dataPort
    self.adminPort = adminPort
    self.coordinatorPublicKey = coordinatorPublicKey
    self.chip = chip
    self.inferencesPerSecond = inferencesPerSecond
    self.telemetrySeconds = telemetrySeconds
    self.heartbeatMilliseconds = heartbeatMilliseconds
  }

  /// `operator/context.yaml`.
  package var context: String {
    """
    # Where the command-line tool finds the coordinator: export SPIKEFLEET_CONTEXT=<this file>
    endpoint: "http://127.0.0.1:\(adminPort)"
    # The coordinator writes it at its first start.
    tokenFile: "../coordinator/state/admin.token"

    """
  }

  /// `coordinator/coordinator.yaml`.
  package var coordinator: String {
    """
    # Start with: spikefleet-coordinator --config <this file>
    control: "tcp://\(host):\(controlPort)"
    data: "tcp://\(host):\(dataPort)"
    # Keep the admin endpoint on loopback; its token lies in the state folder.
    admin: "127.0.0.1:\(adminPort)"
    curveKeyFile: "curve.key"
    deployKeyFile: "deploy.key"
    federationKeyFile: "federation.key"
    rootFile: "root.signed"
    stateFolder: "state"
    # Labelled samples with which a merged model is judged before it counts.
    checkData: "check"
    heartbeatMilliseconds: \(heartbeatMilliseconds)
    # Heartbeats without a word until a node counts as offline.
    liveness: 3
    logLevel: "info"

    """
  }

  /// `agents/NODE/agent.yaml`.
  package func agent(_ node: String) -> String {
    """
    # Start with: spikefleet-agent --config <this file>
    node: "\(node)"
    coordinator:
      publicKey: "\(coordinatorPublicKey)"
      control: "tcp://\(host):\(controlPort)"
      data: "tcp://\(host):\(dataPort)"
    keyFile: "curve.key"
    rootFile: "root.signed"
    stateFolder: "state"
    # The node's sensor: labelled samples, shown to the chip in their order, again and again.
    stream: "stream"
    chip: "\(chip)"
    inferencesPerSecond: \(inferencesPerSecond)
    telemetrySeconds: \(telemetrySeconds)
    logLevel: "info"

    """
  }
}
