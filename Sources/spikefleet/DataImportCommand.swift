import ArgumentParser
import SensorData
import SpikingNetwork

/// `spikefleet data import`.
struct DataImportCommand: FleetCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a folder of labelled samples from IDX files, or from recordings of words.",
    discussion: """
      --images and --labels are two IDX files, as MNIST has them; a sample's id is its place in
      them. --wav is a folder of recordings LABEL_SPEAKER_NUMBER.wav, as the Free Spoken Digit
      Dataset has them. They are heard by a simulated sensor: \(SimulatedCochlea.channels) places
      along a cochlea, each sound in \(SimulatedCochlea.slices) slices of its time. The high half
      of such a sample's id is its speaker's number, by name; --numbers keeps some recordings of
      each.

      --labels-only leaves out samples with other labels.
      Changes are made in this order. --deskew moves rows
      sideways until a picture has no slant. --soft-threshold takes away what is not above it and
      stretches the rest. With --size pictures become other squares: --margin pixels are cut off at
      each edge, then each new pixel is the mean of the area that it covers. --off-channels adds as
      many channels again, which are bright where the picture is dark; --brightness dims them all.
      """)

  @Option(help: "IDX file of pictures, bytes; may be compressed with gzip.")
  var images: String?

  @Option(help: "IDX file of labels, bytes, one for each picture; may be compressed with gzip.")
  var labels: String?

  @Option(help: "Folder of recordings, WAV files of whole numbers.")
  var wav: String?

  @Option(help: "Numbers of recordings to keep, as 5-49; all without it.")
  var numbers: LabelList?

  @Option(help: "Folder that the samples go to; what is there is replaced.")
  var to: String

  @Option(parsing: .unconditional, help: "Place of the first sample that is taken.")
  var from = 0

  @Option(parsing: .unconditional, help: "Samples to take; all without it.")
  var count: Int?

  @Option(help: "Labels to keep of these, as 0-4,7; all without it.")
  var labelsOnly: LabelList?

  @Flag(help: "Set square pictures upright.")
  var deskew = false

  @Option(parsing: .unconditional, help: "Intensity, 0 to 254, that counts as dark.")
  var softThreshold = 0

  @Option(parsing: .unconditional, help: "Pixels of a new side.")
  var size: Int?

  @Option(parsing: .unconditional, help: "Pixels to cut off at each edge.")
  var margin: Int?

  @Option(
    parsing: .unconditional,
    help: "Percent of the intensity that is kept: a channel spikes that much less.")
  var brightness = 100

  @Flag(help: "Add a channel for each pixel that has what it lacks to full intensity.")
  var offChannels = false

  @OptionGroup var output: OutputOptions

  /// What was written.
  private struct Written: Encodable {
    var path: String
    var samples: Int
    var channels: Int
  }

  func validate() throws {
    guard (wav == nil) == (images != nil), (images == nil) == (labels == nil) else {
      throw ValidationError("expected --images with --labels, or --wav alone.")
    }
    guard numbers == nil || wav != nil else {
      throw ValidationError("--numbers belongs to --wav.")
    }
    guard from >= 0 else { throw ValidationError("--from \(from), expected 0 or more.") }
    if let count, count < 1 { throw ValidationError("--count \(count), expected at least 1.") }
    guard (0...254).contains(softThreshold) else {
      throw ValidationError("--soft-threshold \(softThreshold), expected 0 to 254.")
    }
    guard (1...100).contains(brightness) else {
      throw ValidationError("--brightness \(brightness), expected 1 to 100 percent.")
    }
    if let size, !(1...1024).contains(size) {
      throw ValidationError("--size \(size), expected 1 to 1024 pixels.")
    }
    if let margin, margin < 0 {
      throw ValidationError("--margin \(margin), expected 0 pixels or more.")
    }
    guard size != nil || margin == nil else {
      throw ValidationError("--margin belongs to --size: say how large pictures become.")
    }
  }

  func perform() async throws {
    let (all, images) = try everything()
    guard from < all.count, count ?? 0 <= all.count - from else {
      throw CommandFailure(
        "\(images): has \(all.count) samples, not \(count.map { "\($0)" } ?? "any") from \(from) "
          + "on; choose --from and --count within them")
    }
    var samples = all.selecting(from..<from + (count ?? all.count - from))
    if let kept = labelsOnly {
      let positions = samples.labels.indices.filter {
        kept.labels.contains(Int(samples.labels[$0]))
      }
      samples = samples.selecting(positions)
      guard !samples.isEmpty else {
        throw CommandFailure(
          "\(labels ?? images): found no sample with a label of --labels-only, expected at least "
            + "one; name labels that the file has")
      }
    }
    try check(count: samples.count, channels: samples.channels)
    if deskew { samples = try Deskewing(channels: samples.channels)(samples) }
    if softThreshold > 0 { samples = samples.aboveThreshold(softThreshold) }
    if let size {
      let resampling = try AreaResampling(
        channels: samples.channels, margin: margin ?? 0, newSide: size)
      samples = resampling(samples)
    }
    if offChannels { samples = samples.withOffChannels() }
    if brightness < 100 { samples = samples.dimmed(percent: brightness) }
    try SampleFolder.write(samples, to: to)
    try output.print(
      Written(path: to, samples: samples.count, channels: samples.channels)
    ) { written in
      Console.line(
        "wrote \(written.samples) samples of \(written.channels) channels to \(written.path)")
    }
  }

  /// All samples of the inputs, and where they come from.
  private func everything() throws -> (LabelledSamples, String) {
    if let wav {
      let heard = try SpokenRecordings.read(wav, numbers: numbers.map { Set($0.labels) })
      return (heard.samples, wav)
    }
    guard let images, let labels else { preconditionFailure("inputs were checked before") }
    let samples = try IDXSamples.join(
      images: IDXArray(reading: InflatedFile.read(images), file: images),
      labels: IDXArray(reading: InflatedFile.read(labels), file: labels),
      files: (images: images, labels: labels, ids: ""))
    return (samples, images)
  }

  /// What is written has to be what a folder of samples may hold.
  private func check(count: Int, channels: Int) throws {
    let pixels = size.map { $0 * $0 } ?? channels
    let wide = offChannels ? 2 * pixels : pixels
    guard count <= IDXArray.payloadMax / max(1, wide) else {
      throw CommandFailure(
        "\(to): cannot hold \(count) samples of \(wide) channels, expected at most "
          + "\(IDXArray.payloadMax / max(1, wide)) of them; take fewer with --count, or make them "
          + "smaller with --size")
    }
  }
}
