package import FleetProtocol

/// An Ed25519 key on disk: one line with the seed in hexadecimal, readable by its owner alone.
package struct SigningKeyFile: Sendable {
  /// Where the file lies.
  package let path: String

  /// Names a file; nothing is opened yet.
  package init(path: String) { self.path = path }

  /// Reads the key; refuses a mode other than 0600 and anything but 64 hexadecimal digits.
  package func load() throws(SecretFileError) -> SigningKey {
    let text = try SecretFile.read(path)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
    guard lines.count == 1, let seed = Hex.bytes(of: lines[0]), let key = SigningKey(seed: seed)
    else {
      throw .content(
        path: path, expected: "one line of 64 hexadecimal digits",
        cure: "restore the file; a new key has to be named in a new root file")
    }
    return key
  }

  /// Writes a new file of mode 0600 and waits for the disk; never replaces an existing one.
  package func save(_ key: SigningKey) throws(SecretFileError) {
    try SecretFile.create(path, text: Hex.text(key.seed) + "\n")
  }
}
