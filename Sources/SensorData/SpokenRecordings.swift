import Foundation
package import SpikingNetwork

/// A folder of recordings `LABEL_SPEAKER_NUMBER.wav`, heard by a simulated cochlea.
///
/// A sample's id is the number of its speaker, by name, times 2^32, plus the place of its file, by
/// name, so that ids stay the same whichever numbers are taken.
package enum SpokenRecordings {
  /// Most files of a folder.
  package static let filesMax = 100_000
  /// Most bytes of a file: the longest sound, with room for other chunks.
  package static let fileBytesMax = 1 << 26

  /// What was heard.
  package struct Heard: Sendable, Equatable {
    /// One sample for each recording, in the order of their files' names.
    package var samples: LabelledSamples
    /// Names of all speakers of the folder; an id's high half counts them from 0.
    package var speakers: [String]
  }

  /// A file's name, taken apart.
  struct Name: Equatable {
    let label: Int
    let speaker: String
    let number: Int

    /// Nil for the name of anything else.
    init?(_ file: String) {
      guard file.hasSuffix(".wav") else { return nil }
      let parts = file.dropLast(4).split(separator: "_", omittingEmptySubsequences: false)
      guard parts.count == 3, !parts[1].isEmpty, let label = Self.number(parts[0], 255),
        let number = Self.number(parts[2], 999_999)
      else { return nil }
      (self.label, speaker, self.number) = (label, String(parts[1]), number)
    }

    private static func number(_ text: Substring, _ limit: Int) -> Int? {
      guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
      return Int(text).flatMap { $0 <= limit ? $0 : nil }
    }
  }

  /// Reads the folder at `path`; `numbers` keeps recordings of these numbers, all where it is nil.
  ///
  /// Files with other names than `LABEL_SPEAKER_NUMBER.wav` are refused, so that none is left out
  /// unnoticed.
  package static func read(
    _ path: String, numbers: Set<Int>? = nil
  ) throws(SensorDataError) -> Heard {
    let files = try names(in: path)
    let speakers = Set(files.map(\.name.speaker)).sorted()
    var samples = LabelledSamples(
      channels: SimulatedCochlea.channels * SimulatedCochlea.slices)
    var cochleas: [Int: SimulatedCochlea] = [:]
    for (place, (file, name)) in files.enumerated() {
      if let numbers, !numbers.contains(name.number) { continue }
      let full = path + "/" + file
      let sound = try WaveFile(
        reading: try InflatedFile.read(full, contentMax: fileBytesMax), file: full)
      let cochlea = cochleas[sound.rate] ?? SimulatedCochlea(rate: sound.rate)
      cochleas[sound.rate] = cochlea
      let speaker = UInt64(speakers.firstIndex(of: name.speaker) ?? 0)
      samples.append(
        LabelledSample(
          intensities: cochlea.answers(to: sound.samples), label: name.label,
          id: speaker << 32 | UInt64(place)))
    }
    guard !samples.isEmpty else {
      throw SensorDataError(
        .setting, place: path, field: "recordings of the chosen numbers", found: "none",
        expected: "at least one", cure: "choose numbers that the folder has")
    }
    return Heard(samples: samples, speakers: speakers)
  }

  private static func names(
    in path: String
  ) throws(SensorDataError) -> [(file: String, name: Name)] {
    let entries: [String]
    do { entries = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
      throw SensorDataError(
        .unreadable, place: path, field: "folder", found: error.localizedDescription,
        expected: "a folder of recordings", cure: "name one that this user may read")
    }
    guard (1...filesMax).contains(entries.count) else {
      throw SensorDataError(
        .malformed, place: path, field: "files", found: "\(entries.count)",
        expected: "1 to \(filesMax)", cure: "name a folder of recordings")
    }
    var files: [(file: String, name: Name)] = []
    for file in entries.sorted() {
      guard let name = Name(file) else {
        throw SensorDataError(
          .malformed, place: path, field: "name of a file", found: "`\(file)`",
          expected: "LABEL_SPEAKER_NUMBER.wav with a label of 0 to 255",
          cure: "rename it, or put it elsewhere")
      }
      files.append((file, name))
    }
    return files
  }
}
