import ArgumentParser
import FleetAPI
import FleetProtocol

/// A key on the command line: whole, or by its fingerprint.
enum NodeKey {
  static func validate(_ text: String) throws {
    guard text.utf8.count == 40 || text.utf8.count == 19 else {
      throw ValidationError(
        "found `\(text)`, expected a public key of 40 characters or a fingerprint such as "
          + "0123-4567-89ab-cdef")
    }
  }

  static func request(_ text: String) -> KeyRequest {
    text.utf8.count == 40 ? KeyRequest(publicKey: text) : KeyRequest(fingerprint: text)
  }
}

/// `spikefleet node reject`.
struct NodeRejectCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject", abstract: "Turn a key away: it is not shown as pending any more.",
    discussion: "`spikefleet node accept` takes a key that was turned away all the same.")

  @Argument(help: "CURVE public key of 40 characters, or the fingerprint of a pending key.")
  var key: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { try NodeKey.validate(key) }

  func perform() async throws {
    let answer = try await context.client().reject(
      NodeKey.request(key), requestID: FleetClient.newRequestID())
    try output.print(try answer.orThrow()) { _ in Console.line("turned away \(key)") }
  }
}

/// `spikefleet node revoke`.
struct NodeRevokeCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Take a node's key back for good; its live session ends.",
    discussion: """
      Its rows stay: models, updates that count, telemetry. It leaves the rounds that wait for it. \
      The key never comes back; `spikefleet node replace` gives the name new hardware.
      """)

  @Argument(help: "The node's name.")
  var name: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    try await NodeOrderCall(context: context, output: output).send(
      NodeRequest(.revoke), to: name, told: "revoked \(name)")
  }
}

/// `spikefleet node replace`.
struct NodeReplaceCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "replace", abstract: "Put new hardware with a new key under a node's name.",
    discussion: """
      What the node counted stays and goes on: joules and inferences are added up over all the \
      hardware a name has had. The old key is good no longer, at once.
      """)

  @Argument(help: "The node's name.")
  var name: String

  @Option(help: "CURVE public key of the new hardware, or the fingerprint of a pending key.")
  var key: String

  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { try NodeKey.validate(key) }

  func perform() async throws {
    var request = NodeRequest(.replace)
    let named = NodeKey.request(key)
    request.publicKey = named.publicKey
    request.fingerprint = named.fingerprint
    try await NodeOrderCall(context: context, output: output).send(
      request, to: name, told: "replaced the hardware of \(name)")
  }
}

/// `spikefleet node rotate-key`.
struct NodeRotateKeyCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-key", abstract: "Have an agent make a new key and change over to it.",
    discussion: """
      Both keys are good until the first session with the new one; then the old one is not, and it \
      is done. An agent that is offline changes over when it comes back.
      """)

  @Argument(help: "The node's name.")
  var name: String

  @OptionGroup var patience: WaitOptions
  @OptionGroup var context: ContextOptions
  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let call = NodeOrderCall(context: context, output: output)
    try await call.send(
      NodeRequest(.rotateKey), to: name, told: "\(name) is asked for a new key")
    guard patience.wait else { return }
    let view = try await call.wait(for: name, patience, "does not use a new key") {
      !$0.isRotating
    }
    if output.output == .table { Console.line("\(name) uses the key \(view.fingerprint)") }
  }
}

/// Whether and how long a command waits for what an agent does about it.
struct WaitOptions: ParsableArguments {
  @Flag(help: "Wait until it is done.")
  var wait = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "With --wait: give up after so many seconds, with status 1; 0 waits as long as it takes.",
      discussion: "The order stands all the same, and is carried out when it can be."))
  var timeout = 0

  func validate() throws {
    guard (0...86_400).contains(timeout) else {
      throw ValidationError("--timeout: found \(timeout), expected 0 to 86400 seconds")
    }
    guard wait || timeout == 0 else {
      throw ValidationError("found --timeout without --wait, expected both or none")
    }
  }
}

/// One order about a node, and the wait for what comes of it.
struct NodeOrderCall {
  let context: ContextOptions
  let output: OutputOptions

  func send(_ request: NodeRequest, to name: String, told text: String) async throws {
    let answer = try await context.client().order(
      request, node: name, requestID: FleetClient.newRequestID())
    try output.print(try answer.orThrow()) { _ in Console.line(text) }
  }

  /// Looks again twice a second until it holds or the time is up; `lack` says what then lacks.
  func wait(
    for name: String, _ patience: WaitOptions, _ lack: String, until holds: (NodeView) -> Bool
  ) async throws -> NodeView {
    let client = try context.client()
    let deadline = ContinuousClock.now.advanced(by: .seconds(patience.timeout))
    var isSilenceTold = false
    while true {
      guard let view = try await client.nodes().first(where: { $0.name == name }) else {
        throw CommandFailure("no node is called `\(name)`")
      }
      if holds(view) { return view }
      guard patience.timeout == 0 || ContinuousClock.now < deadline else {
        throw CommandFailure(
          "\(name) \(lack) within \(patience.timeout) s (it is \(view.liveness)); the order stands "
            + "and is carried out when it can be: `spikefleet node describe \(name)` shows it")
      }
      if view.liveness != "online", !isSilenceTold {
        isSilenceTold = true
        Console.writeError(
          "\(name) is not online; it is waited for. Ctrl-C ends the wait, not the order.\n")
      }
      try await Task.sleep(for: .milliseconds(500))
    }
  }
}
