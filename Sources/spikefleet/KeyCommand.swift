import ArgumentParser
import FleetCore
import FleetProtocol
import Foundation
import Workbench
import ZeroMQTransport

/// `spikefleet key`.
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Make keys, list those that sign, and write the root file that names others.",
    discussion: "None of these talks to a coordinator: root keys can stay on a machine without a "
      + "network.",
    subcommands: [
      KeyCreateCommand.self, KeyListCommand.self, KeyRotateCommand.self, KeySignCommand.self,
    ])
}

extension TrustRole: ExpressibleByArgument {}

/// `ROLE=VALUE` on the command line.
struct RoleAssignment: ExpressibleByArgument {
  let role: TrustRole
  let value: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let role = TrustRole(rawValue: String(parts[0])) else { return nil }
    self.role = role
    value = String(parts[1])
  }
}

/// `spikefleet key create`.
struct KeyCreateCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make a signing key, or a transport key, in a new file.",
    discussion: """
      The file has mode 0600. A signing key (Ed25519) means nothing until a root file names it: \
      `spikefleet key rotate`. A transport key (CURVE) is what a coordinator is known by on the \
      wire: agents that pin it as `coordinator.nextPublicKey` follow when it becomes the \
      coordinator's.
      """)

  @Argument(help: "File to write; an existing one is never replaced.")
  var file: String

  @Flag(help: "Make a CURVE key pair for the transport instead of a signing key.")
  var transport = false

  @OptionGroup var output: OutputOptions

  private struct Made: Encodable {
    var file: String
    var id: String
    var publicKey: String
  }

  func perform() async throws {
    let made = transport ? try makeTransportKey() : try makeSigningKey()
    try output.print(made) { made in
      Console.line("key \(made.id)")
      Console.line("public half \(made.publicKey)")
    }
  }

  private func makeSigningKey() throws -> Made {
    let key = SigningKey()
    try SigningKeyFile(path: file).save(key)
    return Made(file: file, id: Hex.text(key.id), publicKey: Hex.text(key.publicKey))
  }

  private func makeTransportKey() throws -> Made {
    let pair = try CurveKeyPair.generate()
    try CurveKeyFile(path: file).save(pair)
    return Made(file: file, id: pair.publicKey.fingerprint.text, publicKey: pair.publicKey.z85)
  }
}

/// One key as a root file names it.
struct NamedKey: Encodable {
  var role: String
  var id: String
  var publicKey: String
  var threshold: Int
  var file: String?
}

/// `spikefleet key list`.
struct KeyListCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show which keys a root file names, for what and until when.")

  @Option(help: "Signed root file.")
  var root: String

  @Argument(help: "Key files, to see which of the keys they hold.")
  var files: [String] = []

  @OptionGroup var output: OutputOptions

  private struct Listed: Encodable {
    var rootVersion: UInt64
    var expiresMicroseconds: UInt64
    var keys: [NamedKey]
    var strangers: [String]
  }

  func perform() async throws {
    let trusted = try RootFile(path: root).load()
    var held: [[UInt8]: String] = [:]
    for file in files { held[try SigningKeyFile(path: file).load().publicKey] = file }
    var keys: [NamedKey] = []
    for role in TrustRole.allCases {
      for key in trusted[role].keys {
        keys.append(
          NamedKey(
            role: role.rawValue, id: Hex.text(SigningKey.id(of: key)), publicKey: Hex.text(key),
            threshold: trusted[role].threshold, file: held[key]))
      }
    }
    let named = Set(keys.compactMap(\.file))
    let listed = Listed(
      rootVersion: trusted.version, expiresMicroseconds: trusted.expiresMicroseconds, keys: keys,
      strangers: files.filter { !named.contains($0) })
    try output.print(listed) { listed in
      Console.line(
        "root file version \(listed.rootVersion), valid until "
          + Figure.instant(microseconds: Int64(clamping: listed.expiresMicroseconds)))
      var table = TextTable([
        .text("ROLE"), .number("MUST SIGN"), .text("KEY"), .text("FILE"),
      ])
      for key in listed.keys {
        table.add([
          key.role, "\(key.threshold)", String(key.id.prefix(16)), key.file ?? Figure.missing,
        ])
      }
      Console.table(table, empty: "no keys")
      for file in listed.strangers { Console.line("\(file): not named by this root file") }
    }
  }
}

/// `spikefleet key rotate`.
struct KeyRotateCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Write the next root file: keys added, keys taken away, thresholds, a new expiry.",
    discussion: """
      The file needs the signatures of the last one's root role and of its own; where one machine \
      does not hold all those keys, `spikefleet key sign` adds the others. Nodes believe it once \
      `spikefleet root push` has given it to the coordinator.
      """)

  @Option(help: "The signed root file in force.")
  var root: String

  @Option(help: "File to write.")
  var out: String

  @Option(help: "A root key that signs; once for each.")
  var signWith: [String] = []

  @Option(help: "ROLE=KEY: a key file, or a public half of 64 digits; once for each.")
  var add: [RoleAssignment] = []

  @Option(help: "ROLE=ID: the first digits of a key's id; once for each.")
  var remove: [RoleAssignment] = []

  @Option(help: "ROLE=N: how many keys must sign.")
  var threshold: [RoleAssignment] = []

  @Option(help: "Days until the new file expires.")
  var days = 1_825

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...36_500).contains(days) else {
      throw ValidationError("--days: found \(days), expected 1 to 36500")
    }
    for entry in threshold where Int(entry.value).map({ (1...16).contains($0) }) != true {
      throw ValidationError("--threshold: found `\(entry.value)`, expected ROLE=1 to ROLE=16")
    }
  }

  func perform() async throws {
    let last = try RootFile(path: root).load()
    let expires = UInt64(WallClock.now().microseconds) + UInt64(days) * 86_400_000_000
    var draft = RootDraft(following: last, expiresMicroseconds: expires)
    for entry in add { draft.add(try publicKey(entry.value), to: entry.role) }
    for entry in remove { try draft.remove(idPrefix: entry.value, from: entry.role) }
    for entry in threshold { draft.require(Int(entry.value) ?? 1, of: entry.role) }
    let signers = try signWith.map { try SigningKeyFile(path: $0).load() }
    let envelope = try draft.signed(by: signers)
    try FileContent.write(Data(envelope), to: out)
    try RootSignatures.report(envelope, out, following: last, output)
  }

  private func publicKey(_ text: String) throws -> [UInt8] {
    if text.utf8.count == 64, let key = Hex.bytes(of: text) { return key }
    return try SigningKeyFile(path: text).load().publicKey
  }
}

/// `spikefleet key sign`.
struct KeySignCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Add a root key's signature to a root file in the making.")

  @Argument(help: "The new root file; it is replaced by one with more signatures.")
  var file: String

  @Option(help: "The signed root file in force.")
  var root: String

  @Option(help: "A root key that signs; once for each.")
  var signWith: [String]

  @OptionGroup var output: OutputOptions

  func perform() async throws {
    let last = try RootFile(path: root).load()
    let bytes = [UInt8](try FileContent.read(file, what: "a root file"))
    let signers = try signWith.map { try SigningKeyFile(path: $0).load() }
    let envelope = try SignedDocument.countersign(bytes, as: .root, with: signers)
    try FileContent.write(Data(envelope), to: file)
    try RootSignatures.report(envelope, file, following: last, output)
  }
}

/// What still lacks until a root file may follow the last one.
enum RootSignatures {
  private struct Written: Encodable {
    var file: String
    var version: UInt64
    var isComplete: Bool
    var missing: String?
  }

  static func report(
    _ envelope: [UInt8], _ file: String, following root: TrustRoot, _ output: OutputOptions
  ) throws {
    let missing = RootDraft.missing(envelope, following: root)
    let written = Written(
      file: file, version: root.version + 1, isComplete: missing == nil,
      missing: missing.map { "\($0)" })
    try output.print(written) { written in
      Console.line("wrote \(written.file), root file version \(written.version)")
      Console.line(
        written.missing.map {
          "not complete: \($0); `spikefleet key sign` adds the signature of another root key"
        } ?? "complete; give it to the coordinator with `spikefleet root push`")
    }
  }
}
