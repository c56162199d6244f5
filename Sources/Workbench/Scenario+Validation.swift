import FleetProtocol
import NetworkTraining
import SpikingNetwork

extension Scenario {
  /// Classes that a corpus of digits has.
  package static let classes = 10

  /// Throws for the first value that is out of range; the file at `path` is named.
  package func validate(path: String) throws(ConfigurationError) {
    func require(
      _ holds: Bool, _ key: String, _ found: some CustomStringConvertible, _ expected: String
    ) throws(ConfigurationError) {
      guard !holds else { return }
      throw ConfigurationError(
        file: path, key: key, found: "\(found)", expected: expected,
        cure: "set it within this range")
    }
    try require(Identifier(name) != nil, "name", name, "[a-z0-9][a-z0-9._-]{0,62}")
    try require((1...1_000).contains(nodes.count), "nodes", nodes.count, "1 to 1000 nodes")
    for (index, node) in nodes.enumerated() {
      try require(
        Identifier(node.name) != nil, "nodes[\(index)].name", node.name,
        "[a-z0-9][a-z0-9._-]{0,62}")
      try require(
        !nodes[..<index].contains { $0.name == node.name }, "nodes[\(index)].name", node.name,
        "a name that no other node has")
      try require(
        node.owns.allSatisfy((0..<Self.classes).contains), "nodes[\(index)].owns", node.owns,
        "classes of 0 to \(Self.classes - 1)")
    }
    try validateNetwork(path: path)
    for (key, count) in [
      ("heldOutPerClass", data.heldOutPerClass), ("checkPerClass", data.checkPerClass),
      ("basePerClass", data.basePerClass),
    ] {
      try require((1...100_000).contains(count), "data.\(key)", count, "1 to 100000")
    }
    try require((0...1).contains(data.ownShare), "data.ownShare", data.ownShare, "0 to 1")
    try require(
      (1...100_000).contains(fleet.inferencesPerSecond), "fleet.inferencesPerSecond",
      fleet.inferencesPerSecond, "1 to 100000")
    try require(
      (1...3_600).contains(fleet.telemetrySeconds), "fleet.telemetrySeconds",
      fleet.telemetrySeconds, "1 to 3600")
    try require(
      (100...600_000).contains(fleet.heartbeatMilliseconds), "fleet.heartbeatMilliseconds",
      fleet.heartbeatMilliseconds, "100 to 600000")
    try require(
      (1...3_600).contains(fleet.inferenceSeconds), "fleet.inferenceSeconds",
      fleet.inferenceSeconds, "1 to 3600")
    try require(federation.rounds >= 1, "federation.rounds", federation.rounds, "1 or more")
    try require(
      (1...UInt32(Limits.roundSamplesMax)).contains(federation.samplesPerRound),
      "federation.samplesPerRound", federation.samplesPerRound, "1 to \(Limits.roundSamplesMax)")
    try require(
      (1...nodes.count).contains(federation.minimumReports), "federation.minimumReports",
      federation.minimumReports, "1 to \(nodes.count), the number of nodes")
    try require(
      (1...86_400).contains(federation.deadlineSeconds), "federation.deadlineSeconds",
      federation.deadlineSeconds, "1 to 86400")
  }

  /// Judges the network by what it is for a few channels; names the key of a rule that is at fault.
  private func validateNetwork(path: String) throws(ConfigurationError) {
    do {
      _ = try template(inputs: 4, classes: Self.classes).network()
    } catch {
      let own = ["gamma": "learningGamma", "preDecay": "traceDecay"]
      var parts = error.field.split(separator: ".").map(String.init)
      var found = error.found
      if parts.first == "template" {
        parts.removeFirst()
      } else if parts.count > 2, parts[1] == "plasticity" {
        parts.removeFirst(2)
      } else if parts.count > 1 {
        // What the file says in other words.
        (parts, found) = ([], "\(error.field) of \(error.found)")
      }
      let key = ["network"] + parts.map { own[$0] ?? $0 }
      throw ConfigurationError(
        file: path, key: key.joined(separator: "."), found: found, expected: error.expected,
        cure: error.cure)
    }
  }
}
