/// Sound in the RIFF WAVE format: whole numbers (PCM) of 8 to 32 bits, mixed to one channel.
///
/// Little-endian: `RIFF`, size, `WAVE`, then chunks of a name, a size and so many bytes, filled up
/// to an even number. `fmt ` has to come before `data`; other chunks are passed over.
package struct WaveFile: Sendable, Equatable {
  /// Rates that are read, in samples a second.
  package static let rates = 8_000...192_000
  /// Most channels that are mixed.
  package static let channelsMax = 8
  /// Longest sound that is read, in seconds.
  package static let secondsMax = 60

  /// Samples a second.
  package let rate: Int
  /// The mean of the channels, -1 to 1.
  package let samples: [Double]

  private struct Form {
    let channels: Int
    let rate: Int
    let width: Int
  }

  /// Reads a whole file's bytes; the error names `file` and the part of it.
  package init(reading bytes: [UInt8], file: String) throws(SensorDataError) {
    var reader = ChunkReader(bytes, file: file)
    try reader.expectRIFF()
    var form: Form?
    while let chunk = try reader.next() {
      switch chunk.name {
      case "fmt ": form = try Self.form(chunk.bytes, reader)
      case "data":
        guard let form else {
          throw reader.broken("chunk `fmt `", "missing", "one before `data`")
        }
        rate = form.rate
        samples = try Self.mixed(chunk.bytes, form, reader)
        return
      default: break
      }
    }
    throw reader.broken("chunk `data`", "missing", "one with samples")
  }

  private static func form(
    _ bytes: ArraySlice<UInt8>, _ reader: ChunkReader
  ) throws(SensorDataError) -> Form {
    func check(_ isSound: Bool, _ field: String, _ found: Int, _ expected: String)
      throws(SensorDataError)
    {
      guard isSound else { throw reader.broken(field, "\(found)", expected) }
    }
    try check(bytes.count >= 16, "size of `fmt `", bytes.count, "16 bytes or more")
    func number(_ offset: Int, _ width: Int) -> Int {
      ChunkReader.number(bytes[(bytes.startIndex + offset)...].prefix(width))
    }
    var kind = number(0, 2)
    // The extensible form names the kind once more, in the first bytes of an identifier.
    if kind == 0xFFFE, bytes.count >= 26 { kind = number(24, 2) }
    try check(kind == 1, "encoding", kind, "1, whole numbers (PCM)")
    let (channels, rate, align, bits) = (number(2, 2), number(4, 4), number(12, 2), number(14, 2))
    try check((1...channelsMax).contains(channels), "channels", channels, "1 to \(channelsMax)")
    try check(
      rates.contains(rate), "rate", rate,
      "\(rates.lowerBound) to \(rates.upperBound) samples a second")
    try check([8, 16, 24, 32].contains(bits), "bits", bits, "8, 16, 24 or 32")
    try check(
      align == channels * bits / 8, "bytes of a frame", align, "\(channels * bits / 8)")
    return Form(channels: channels, rate: rate, width: bits / 8)
  }

  private static func mixed(
    _ bytes: ArraySlice<UInt8>, _ form: Form, _ reader: ChunkReader
  ) throws(SensorDataError) -> [Double] {
    let frame = form.width * form.channels
    let count = bytes.count / frame
    guard bytes.count % frame == 0, count > 0 else {
      throw reader.broken(
        "size of `data`", "\(bytes.count) bytes", "one frame of \(frame) bytes, or more of them")
    }
    guard count <= secondsMax * form.rate else {
      throw reader.broken(
        "length", "\(count / form.rate) seconds", "at most \(secondsMax)")
    }
    let scale = 1 / (Double(1 << (8 * form.width - 1)) * Double(form.channels))
    return bytes.withUnsafeBytes { raw in
      (0..<count).map { position in
        var sum = 0
        for channel in 0..<form.channels {
          let start = position * frame + channel * form.width
          var value = 0
          for byte in 0..<form.width { value |= Int(raw[start + byte]) << (8 * byte) }
          // 8 bits are counted from 0, wider ones from below it.
          let half = 1 << (8 * form.width - 1)
          sum += form.width == 1 ? value - half : (value ^ half) - half
        }
        return Double(sum) * scale
      }
    }
  }
}

/// Walks over the chunks of a RIFF file, whatever its sizes promise.
private struct ChunkReader {
  private let bytes: [UInt8]
  private let file: String
  private var position = 12

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  func broken(_ field: String, _ found: String, _ expected: String) -> SensorDataError {
    SensorDataError(
      .malformed, place: file, field: field, found: found, expected: expected,
      cure: "replace the file, it is damaged or not a WAV file of whole numbers")
  }

  func expectRIFF() throws(SensorDataError) {
    guard bytes.count >= 12 else {
      throw broken("length", "\(bytes.count) bytes", "at least 12")
    }
    guard bytes[..<4].elementsEqual("RIFF".utf8), bytes[8..<12].elementsEqual("WAVE".utf8) else {
      throw broken("magic", "other bytes", "RIFF and WAVE")
    }
  }

  /// The next chunk; nil at the end of the file.
  mutating func next() throws(SensorDataError) -> (name: String, bytes: ArraySlice<UInt8>)? {
    guard position < bytes.count else { return nil }
    guard bytes.count - position >= 8 else {
      throw broken(
        "chunk at \(position)", "\(bytes.count - position) bytes", "a name and a size, 8 bytes")
    }
    let name = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    let size = Self.number(bytes[position + 4..<position + 8])
    let start = position + 8
    guard size <= bytes.count - start else {
      throw broken(
        "size of the chunk at \(position)", "\(size) bytes", "at most \(bytes.count - start)")
    }
    position = start + size + size % 2
    return (name, bytes[start..<start + size])
  }
}
