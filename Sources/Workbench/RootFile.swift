package import FleetProtocol
import Foundation

/// The signed root file of an operator, a coordinator or a node: the keys it believes.
package struct RootFile: Sendable {
  /// Largest root file in bytes.
  package static let bytesMax = 65_536

  /// Where the file lies.
  package let path: String

  /// Names a file without opening it.
  package init(path: String) { self.path = path }

  /// Reads and verifies the file.
  package func load() throws(RootFileError) -> TrustRoot {
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch {
      throw .unreadable(path: path, reason: "\(error.localizedDescription)")
    }
    guard data.count <= Self.bytesMax else {
      throw .unreadable(path: path, reason: "\(data.count) bytes, at most \(Self.bytesMax)")
    }
    do {
      return try TrustRoot(envelope: [UInt8](data))
    } catch {
      throw .trust(path: path, error)
    }
  }
}

/// Why a root file is not believed.
package enum RootFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file cannot be read.
  case unreadable(path: String, reason: String)
  /// Its content is not a root file signed by its own root key.
  case trust(path: String, TrustError)

  package var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "\(path): not readable (\(reason)); copy the signed root file of this fleet there"
    case .trust(let path, let error):
      "\(path): \(error); copy the signed root file of this fleet there again"
    }
  }
}
