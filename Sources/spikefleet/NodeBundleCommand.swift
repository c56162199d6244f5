import ArgumentParser
import FleetAPI
import FleetProtocol
import Foundation
import Workbench
import ZeroMQTransport

/// `spikefleet node bundle`.
struct NodeBundleCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle", abstract: "Write what a new machine needs into a folder.",
    discussion: """
      The folder holds the agent's settings with the coordinator's key and addresses, the signed \
      root file, and with --token-file a join token. It holds no key of the node: the agent makes \
      one at its first start, so that one bundle may lie in a golden image. Give each machine its \
      name with SPIKEFLEET_AGENT_NODE or --node.
      """)

  @Argument(help: "The node's name in the settings.")
  var name: String

  @Option(help: "Folder to write; it must not exist.")
  var output: String

  @Option(help: "Signed root file to put in.")
  var root: String

  @Option(help: "Name of the chip that the node carries.")
  var chip: String = "loihi-learn"

  @Option(help: "Address that agents dial, if not the coordinator's own: tcp://HOST:PORT.")
  var control: String?

  @Option(help: "The same for the data endpoint.")
  var data: String?

  @Option(help: "File with a join token to put in.")
  var tokenFile: String?

  @Option(help: "Address of the enrolment endpoint, with --token-file.")
  var enrolAddress: String?

  @Option(help: "Public key of the enrolment endpoint, with --token-file.")
  var enrolKey: String?

  @OptionGroup var context: ContextOptions

  func validate() throws {
    guard Identifier(name) != nil else {
      throw ValidationError("found `\(name)`, expected [a-z0-9][a-z0-9._-]{0,62}")
    }
    let joins = [tokenFile, enrolAddress, enrolKey].compactMap(\.self).count
    guard joins == 0 || joins == 3 else {
      throw ValidationError(
        "found some of --token-file, --enrol-address and --enrol-key, expected all or none")
    }
    if let enrolKey, CurvePublicKey(z85: enrolKey) == nil {
      throw ValidationError("--enrol-key: found `\(enrolKey)`, expected 40 characters of Z85")
    }
  }

  func perform() async throws {
    // Believed here before any node is asked to believe it.
    _ = try RootFile(path: root).load()
    let status = try await context.client().status()
    let token = try tokenFile.map { try SecretFile.read($0) }
    guard mkdir(output, 0o700) == 0 else {
      throw CommandFailure(
        "\(output): \(String(cString: strerror(errno)).lowercased()); name a folder that does not "
          + "exist, where this user may write")
    }
    do {
      try Data(settings(status).utf8).write(to: URL(filePath: output + "/agent.yaml"))
      try FileManager.default.copyItem(atPath: root, toPath: output + "/root.signed")
      if let token { try SecretFile.create(output + "/join.token", text: token) }
    } catch {
      try? FileManager.default.removeItem(atPath: output)
      throw error
    }
    Console.line("\(output): settings, root file\(token == nil ? "" : ", join token")")
    Console.line("coordinator's key: \(status.publicKey)")
  }

  private func settings(_ status: FleetStatus) -> String {
    let join =
      tokenFile == nil
      ? ""
      : """
      join:
        tokenFile: "join.token"
        address: "\(enrolAddress ?? "")"
        publicKey: "\(enrolKey ?? "")"

      """
    return """
      # Start with: spikefleet-agent --config <this file>
      node: "\(name)"
      coordinator:
        publicKey: "\(status.publicKey)"
        control: "\(control ?? status.controlAddress)"
        data: "\(data ?? status.dataAddress)"
      keyFile: "curve.key"
      # The key is made at the first start, on the machine that will use it.
      keyFileMissing: create
      rootFile: "root.signed"
      stateFolder: "state"
      stream: "stream"
      chip: "\(chip)"
      \(join)
      """
  }
}
