import Foundation
package import SpikingNetwork

/// A node's sensor stream on disk: a folder with images, labels and ids as IDX files.
///
/// `images.idx` holds `[samples, channels]` unsigned bytes, `labels.idx` `[samples]` unsigned
/// bytes, `ids.idx` `[samples, 2]` 32-bit integers, the high half of each id first. Any of them may
/// be compressed with gzip.
package enum SampleFolder {
  private static let names = ["images.idx", "labels.idx", "ids.idx"]

  /// Reads the stream at `path`; throws if a file is missing or damaged, or if there is no sample.
  package static func read(_ path: String) throws(SensorDataError) -> LabelledSamples {
    let files = names.map { path + "/" + $0 }
    var arrays: [IDXArray] = []
    for file in files {
      arrays.append(try IDXArray(reading: try InflatedFile.read(file), file: file))
    }
    let samples = try IDXSamples.join(
      images: arrays[0], labels: arrays[1], ids: arrays[2],
      files: (images: files[0], labels: files[1], ids: files[2]))
    guard !samples.isEmpty else {
      throw SensorDataError(
        .malformed, place: path, field: "samples", found: "none", expected: "at least one",
        cure: "write the stream anew")
    }
    return samples
  }

  /// Writes a stream to `path`, which never holds parts of two streams, nor of one.
  ///
  /// The files are synced to disk in a folder beside it, which then takes the name. A stream that
  /// was there before is replaced; a reader may find no stream for a moment while that happens.
  /// Anything else that is there is left alone and refused.
  package static func write(
    _ samples: LabelledSamples, to path: String
  ) throws(SensorDataError) {
    let folder = try replaceable(path)
    removeAbandoned(beside: folder)
    let token = "\(getpid())-\(UUID().uuidString)"
    func beside(_ purpose: String) -> URL {
      folder.deletingLastPathComponent()
        .appendingPathComponent(".\(folder.lastPathComponent).\(purpose)-\(token)")
    }
    let (staged, replaced) = (beside("new"), beside("old"))
    let manager = FileManager.default
    do {
      try manager.createDirectory(at: staged, withIntermediateDirectories: true)
      try write(samples, into: staged)
      if manager.fileExists(atPath: folder.path) {
        try manager.moveItem(at: folder, to: replaced)
      }
      try manager.moveItem(at: staged, to: folder)
    } catch {
      // Back to the stream that was there; if there was none, there is nothing to move.
      if !manager.fileExists(atPath: folder.path) {
        try? manager.moveItem(at: replaced, to: folder)
      }
      try? manager.removeItem(at: staged)
      throw unwritable(
        path, found: reason(error), expected: "a place for \(samples.count) samples",
        cure: "make room, or choose another path")
    }
    try? manager.removeItem(at: replaced)
  }

  private static func write(_ samples: LabelledSamples, into folder: URL) throws {
    let arrays = [
      IDXArray(
        elementType: .unsigned8, dimensions: [samples.count, samples.channels],
        payload: samples.intensities),
      IDXArray(
        elementType: .unsigned8, dimensions: [samples.count], payload: samples.labels),
      IDXArray(identifiers: samples.ids),
    ]
    for (name, array) in zip(names, arrays) {
      let file = folder.appendingPathComponent(name)
      try Data(array.encoded).write(to: file)
      let handle = try FileHandle(forUpdating: file)
      try handle.synchronize()
      try handle.close()
    }
  }

  /// The folder at `path`, links resolved, if nothing would be lost but a stream.
  private static func replaceable(_ path: String) throws(SensorDataError) -> URL {
    let cure = "choose a path where a folder of samples is, or nothing"
    guard !path.isEmpty else {
      throw unwritable(path, found: "an empty path", expected: "a path", cure: cure)
    }
    let folder = URL(fileURLWithPath: path, isDirectory: true)
      .resolvingSymlinksInPath().standardizedFileURL
    let current = URL(
      fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true
    ).resolvingSymlinksInPath().standardizedFileURL
    guard !current.pathComponents.starts(with: folder.pathComponents) else {
      throw unwritable(
        path, found: "the working folder, or one above it", expected: "another folder", cure: cure)
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      return folder
    }
    guard isFolder.boolValue else {
      throw unwritable(path, found: "a file", expected: "a folder of samples", cure: cure)
    }
    let entries: [String]
    do { entries = try FileManager.default.contentsOfDirectory(atPath: folder.path) } catch {
      throw unwritable(
        path, found: reason(error), expected: "a folder that this user may read", cure: cure)
    }
    let known = names + names.map { $0 + ".gz" } + ["events.csv"]
    if let other = entries.sorted().first(where: { !known.contains($0) }) {
      throw unwritable(
        path, found: "a folder that has `\(other)`", expected: "nothing but samples", cure: cure)
    }
    return folder
  }

  /// Removes what processes that are gone have left half-written for this folder.
  private static func removeAbandoned(beside folder: URL) {
    let parent = folder.deletingLastPathComponent()
    let prefix = ".\(folder.lastPathComponent).new-"
    for entry in (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? [] {
      guard entry.hasPrefix(prefix),
        let process = pid_t(entry.dropFirst(prefix.count).prefix { $0 != "-" }),
        kill(process, 0) != 0, errno == ESRCH
      else { continue }
      try? FileManager.default.removeItem(at: parent.appendingPathComponent(entry))
    }
  }

  private static func unwritable(
    _ path: String, found: String, expected: String, cure: String
  ) -> SensorDataError {
    SensorDataError(
      .unwritable, place: path.isEmpty ? "''" : path, field: "folder", found: found,
      expected: expected, cure: cure)
  }

  private static func reason(_ error: any Error) -> String {
    let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? POSIXError
    return cause.map { String(cString: strerror($0.code.rawValue)).lowercased() }
      ?? error.localizedDescription
  }
}
