import Foundation
import Testing
import ZeroMQTransport

@Suite struct CurveKeyFileTests {
  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func write(_ text: String, to file: URL, mode: Int = 0o600) throws {
    try Data(text.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
  }

  @Test func `a public key never passes for an option on a command line`() throws {
    for _ in 0..<1_000 {
      let pair = try CurveKeyPair.generate()
      #expect(!pair.publicKey.z85.hasPrefix("-"))
    }
  }

  @Test func `a saved pair loads again from a file that its owner alone can read`() throws {
    try inFolder { folder in
      let pair = try CurveKeyPair.generate()
      let file = CurveKeyFile(path: folder.appending(path: "node.key").path)
      try file.save(pair)
      #expect(try file.load() == pair)
      let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func `an existing file is never replaced`() throws {
    try inFolder { folder in
      let file = CurveKeyFile(path: folder.appending(path: "node.key").path)
      let first = try CurveKeyPair.generate()
      try file.save(first)
      #expect(throws: CurveKeyFileError.exists(path: file.path)) {
        try file.save(CurveKeyPair.generate())
      }
      #expect(try file.load() == first)
    }
  }

  @Test func `any other mode than 0600 is refused with the command that mends it`() throws {
    try inFolder { folder in
      let pair = try CurveKeyPair.generate()
      let url = folder.appending(path: "node.key")
      let file = CurveKeyFile(path: url.path)
      for mode in [0o644, 0o640, 0o660, 0o400, 0o700, 0o4600] {
        try write("public \(pair.publicKey.z85)\nsecret \(pair.secretZ85)\n", to: url, mode: mode)
        let error = #expect(throws: CurveKeyFileError.self) { try file.load() }
        #expect(error == .mode(path: file.path, found: UInt32(mode)))
        #expect(error?.description.contains("chmod 600 \(file.path)") == true)
      }
    }
  }

  @Test func `content that is no key pair is refused and never repeated`() throws {
    try inFolder { folder in
      let (pair, other) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
      let url = folder.appending(path: "node.key")
      let file = CurveKeyFile(path: url.path)
      let (good, secret) = (pair.publicKey.z85, pair.secretZ85)
      for text in [
        "", "public \(good)\n", "secret \(secret)\npublic \(good)\n",
        "public \(good)\nsecret \(secret)\nextra\n", "public \(good)\nsecret \(secret)x\n",
        "public \(good)\nsecret \(secret.dropLast())\n",
        "public \(good.dropLast())\"\nsecret \(secret)\n",
        "public \(other.publicKey.z85)\nsecret \(secret)\n",
        String(repeating: "x", count: 5_000),
      ] {
        try write(text, to: url)
        let error = #expect(throws: CurveKeyFileError.self) { try file.load() }
        guard case .content(file.path, _) = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
        #expect(error?.description.contains(secret) == false)
      }
    }
  }

  @Test func `a key file cut anywhere is refused`() throws {
    try inFolder { folder in
      let pair = try CurveKeyPair.generate()
      let url = folder.appending(path: "node.key")
      let text = "public \(pair.publicKey.z85)\nsecret \(pair.secretZ85)\n"
      // The closing line feed alone may be missing.
      for count in 0..<text.count - 1 {
        try write(String(text.prefix(count)), to: url)
        #expect(throws: CurveKeyFileError.self, "cut at \(count)") {
          try CurveKeyFile(path: url.path).load()
        }
      }
    }
  }

  @Test func `a missing file is an error that names it`() throws {
    try inFolder { folder in
      let path = folder.appending(path: "none.key").path
      let error = #expect(throws: CurveKeyFileError.self) { try CurveKeyFile(path: path).load() }
      #expect(error == .system(path: path, call: "open", errno: ENOENT))
      #expect(error?.description.contains(path) == true)
      #expect(throws: CurveKeyFileError.self) {
        try CurveKeyFile(path: path + "/below").save(CurveKeyPair.generate())
      }
    }
  }
}

@Suite struct CurveKeyTests {
  /// The pair of RFC 26's test server.
  private let publicText = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
  private let secretText = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"

  @Test func `a secret gives its public half`() throws {
    let pair = try #require(CurveKeyPair(secretZ85: secretText))
    #expect(pair.publicKey.z85 == publicText)
    #expect(CurvePublicKey(z85: publicText) == pair.publicKey)
    #expect(CurvePublicKey(bytes: pair.publicKey.bytes) == pair.publicKey)
    #expect(!"\(pair)".contains(secretText))
  }

  @Test func `text that is not forty characters of Z85 is no key`() {
    for text in [
      "", String(publicText.dropLast()), publicText + "0", String(publicText.dropLast()) + "~",
      String(publicText.dropLast()) + "é", String(repeating: "#", count: 40),
    ] {
      #expect(CurvePublicKey(z85: text) == nil)
      #expect(CurveKeyPair(secretZ85: text) == nil)
    }
    #expect(CurvePublicKey(bytes: [UInt8](repeating: 0, count: 31)) == nil)
    #expect(CurvePublicKey(bytes: [UInt8](repeating: 0, count: 33)) == nil)
  }

  @Test func `a fingerprint is the first half of a digest in four groups`() throws {
    let key = try #require(CurvePublicKey(bytes: [UInt8](repeating: 0, count: 32)))
    // SHA-256 of 32 zero bytes begins with these 8 bytes.
    #expect(key.fingerprint.text == "6668-7aad-f862-bd77")
  }
}
