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
  package static func write(
    _ samples: LabelledSamples, to path: String
  ) throws(SensorDataError) {
    let folder = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
    let token = UUID().uuidString
    func beside(_ purpose: String) -> URL {
      folder.deletingLastPathComponent()
        .appendingPathComponent(".\(folder.lastPathComponent).\(purpose)-\(token)")
    }
    let (staged, replaced) = (beside("new"), beside("old"))
    let arrays = [
      IDXArray(
        elementType: .unsigned8, dimensions: [samples.count, samples.channels],
        payload: samples.intensities),
      IDXArray(
        elementType: .unsigned8, dimensions: [samples.count], payload: samples.labels),
      IDXArray(identifiers: samples.ids),
    ]
    let manager = FileManager.default
    defer {
      try? manager.removeItem(at: staged)
      try? manager.removeItem(at: replaced)
    }
    do {
      try manager.createDirectory(at: staged, withIntermediateDirectories: true)
      for (name, array) in zip(names, arrays) {
        let file = staged.appendingPathComponent(name)
        try Data(array.encoded).write(to: file)
        let handle = try FileHandle(forUpdating: file)
        try handle.synchronize()
        try handle.close()
      }
      if manager.fileExists(atPath: folder.path) {
        try manager.moveItem(at: folder, to: replaced)
      }
      try manager.moveItem(at: staged, to: folder)
    } catch {
      // Back to the stream that was there; if there was none, there is nothing to move.
      if !manager.fileExists(atPath: folder.path) {
        try? manager.moveItem(at: replaced, to: folder)
      }
      throw SensorDataError(
        .unwritable, place: path, field: "folder", found: "\(error.localizedDescription)",
        expected: "a place for \(samples.count) samples", cure: "make room, or choose another path")
    }
  }
}
