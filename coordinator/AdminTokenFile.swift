import FleetAPI
import Workbench

/// `admin.token` in the state folder: written 0600 at the first start, refused when others may
/// read it.
struct AdminTokenFile {
  let path: String

  init(stateFolder: String) { path = stateFolder + "/admin.token" }

  /// The stored token, or a fresh one that is then stored.
  func loadOrCreate() throws(SecretFileError) -> BearerToken {
    let text: String
    do throws(SecretFileError) {
      text = try SecretFile.read(path)
    } catch {
      guard error.isMissingFile else { throw error }
      let token = BearerToken()
      try SecretFile.create(path, text: token.text + "\n")
      return token
    }
    guard let token = BearerToken(text) else {
      throw .content(
        path: path, expected: "a token of \(BearerToken.length) hexadecimal digits",
        cure: "remove it and start again to make a new one")
    }
    return token
  }
}
