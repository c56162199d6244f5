package import FleetProtocol
import Foundation

/// The signing keys of one role in a folder: the configured file, and those made to follow it.
///
/// Beside `deploy.key` lie `deploy-2.key` and so on; the root file in force chooses among them.
package struct SigningKeyring: Sendable {
  /// The file that the settings name.
  package let path: String
  /// What its keys sign.
  package let role: TrustRole

  /// Names the files of a role; nothing is opened yet.
  package init(path: String, role: TrustRole) {
    self.path = path
    self.role = role
  }

  /// The keys that a root file names for the role, the configured one first.
  ///
  /// - Throws: `KeyringError` where they are fewer than the role's threshold.
  package func keys(named root: TrustRoot) throws -> [SigningKey] {
    let named = root[role]
    var chosen: [SigningKey] = []
    for file in try files() {
      let key = try SigningKeyFile(path: file).load()
      if named.keys.contains(key.publicKey), !chosen.contains(where: { $0.id == key.id }) {
        chosen.append(key)
      }
    }
    guard chosen.count >= named.threshold else {
      throw KeyringError(
        path: path, role: role, version: root.version, found: chosen.count,
        needed: named.threshold, named: named.keys.map { Hex.text(SigningKey.id(of: $0)) })
    }
    return chosen
  }

  private func files() throws -> [String] {
    let url = URL(filePath: path)
    let folder = url.deletingLastPathComponent()
    let stem = url.deletingPathExtension().lastPathComponent + "-"
    let others: [String]
    do {
      others = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    } catch {
      others = []
    }
    let followers = others.filter { $0.hasPrefix(stem) && $0.hasSuffix("." + url.pathExtension) }
    return [path] + followers.sorted().map { folder.appending(path: $0).path }
  }
}

/// The keys at hand do not reach the threshold of the root file.
package struct KeyringError: Error, Sendable, Equatable, CustomStringConvertible {
  let path: String
  let role: TrustRole
  let version: UInt64
  let found: Int
  let needed: Int
  let named: [String]

  /// Stable code.
  package var code: String { "\(role.rawValue)-key" }

  package var description: String {
    "\(path): found \(found) keys of role \(role.rawValue) there that root file version \(version) "
      + "names, expected \(needed) of \(named.joined(separator: ", ")); put the key file beside it "
      + "under the same name with `-2` before the ending"
  }
}
