import Foundation
import Workbench

/// Where an agent keeps records of what its chip learnt: the newest ones, one file a run.
struct LearningRecordFolder: Sendable {
  /// Records that are kept.
  static let countMax = 64

  private let folder: URL

  /// The folder `learning` of a state folder.
  init(stateFolder: String) {
    folder = URL(filePath: stateFolder).appending(path: "learning")
  }

  /// Writes a record, and drops the oldest beyond those that are kept.
  func keep(_ record: LearningRecord) throws {
    let manager = FileManager.default
    let bytes = try record.encoded()
    try manager.createDirectory(at: folder, withIntermediateDirectories: true)
    let name = record.round.replacingOccurrences(of: "/", with: "-") + ".json"
    try Data(bytes).write(to: folder.appending(path: name), options: .atomic)
    let files = try manager.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: [.contentModificationDateKey])
    guard files.count > Self.countMax else { return }
    let dated = try files.map { file in
      (
        file,
        try file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
      )
    }
    let oldest = dated.sorted { ($0.1 ?? .distantPast) < ($1.1 ?? .distantPast) }
    for (file, _) in oldest.prefix(files.count - Self.countMax) { try manager.removeItem(at: file) }
  }
}
