import Foundation

/// Files that a command reads because a user named them.
enum InputFile {
  /// A whole file; a folder and one that is not there are refused with the reason.
  static func bytes(of path: String, what: String) throws(ConfigurationError) -> Data {
    do {
      return try Data(contentsOf: URL(filePath: path))
    } catch {
      throw ConfigurationError(
        file: path, key: "", found: OutputFile.systemReason(error) ?? "a file that cannot be read",
        expected: what, cure: "name a file that exists and that this user may read")
    }
  }
}
