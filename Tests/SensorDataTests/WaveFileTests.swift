import SensorData
import Testing

/// Any bytes at all give a sound or an error that names the part.
@Suite struct WaveFileTests {
  /// A file of one sound, with fields that a hostile one may set.
  static func file(
    kind: Int = 1, channels: Int = 1, rate: Int = 8_000, align: Int? = nil, bits: Int = 16,
    data: [UInt8] = [0, 0x40, 0, 0x80], before: [UInt8] = [], promised: Int? = nil
  ) -> [UInt8] {
    func little(_ value: Int, _ width: Int) -> [UInt8] {
      (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let align = align ?? channels * bits / 8
    let form =
      little(kind, 2) + little(channels, 2) + little(rate, 4) + little(rate * align, 4)
      + little(align, 2) + little(bits, 2)
    let chunks =
      Array("WAVEfmt ".utf8) + little(16, 4) + form + before + Array("data".utf8)
      + little(promised ?? data.count, 4) + data
    return Array("RIFF".utf8) + little(chunks.count, 4) + chunks
  }

  private func error(_ bytes: [UInt8]) -> String {
    do throws(SensorDataError) {
      _ = try WaveFile(reading: bytes, file: "word.wav")
      return ""
    } catch {
      #expect(error.kind == .malformed && error.place == "word.wav")
      return error.field
    }
  }

  @Test(arguments: [
    (8, [UInt8(0), 0x80, 0xC0], [-1, 0, 0.5]), (16, [0, 0x40, 0, 0x80], [0.5, -1]),
    (24, [0, 0, 0x40, 0, 0, 0x80], [0.5, -1]), (32, [0, 0, 0, 0x40, 0, 0, 0, 0x80], [0.5, -1]),
  ])
  func `whole numbers of every width are parts of one`(
    bits: Int, data: [UInt8], expected: [Double]
  ) throws {
    let sound = try WaveFile(reading: Self.file(bits: bits, data: data), file: "word.wav")
    #expect(sound.samples == expected && sound.rate == 8_000)
  }

  @Test func `channels are mixed, and other chunks are passed over`() throws {
    let odd = Array("LIST".utf8) + [3, 0, 0, 0, 1, 2, 3, 0]
    let sound = try WaveFile(
      reading: Self.file(channels: 2, data: [0, 0x40, 0, 0], before: odd), file: "word.wav")
    #expect(sound.samples == [0.25])
  }

  @Test func `hostile headers are refused by the field`() {
    let faults: [([UInt8], String)] = [
      ([], "length"), (Array("RIFF0000WAVX".utf8), "magic"),
      (Array("RIFF0000WAVE".utf8), "chunk `data`"),
      (Array("RIFF0000WAVEdata".utf8) + [0, 0, 0, 0], "chunk `fmt `"),
      (Array("RIFF0000WAVEfmt ".utf8) + [2, 0, 0, 0, 1, 0], "size of `fmt `"),
      (Self.file(kind: 3), "encoding"), (Self.file(kind: 0xFFFE), "encoding"),
      (Self.file(channels: 0), "channels"), (Self.file(channels: 65_535), "channels"),
      (Self.file(rate: 0), "rate"), (Self.file(rate: Int(UInt32.max)), "rate"),
      (Self.file(bits: 0), "bits"), (Self.file(bits: 12), "bits"),
      (Self.file(align: 0), "bytes of a frame"), (Self.file(align: 65_535), "bytes of a frame"),
      (Self.file(data: []), "size of `data`"), (Self.file(data: [1, 2, 3]), "size of `data`"),
      (Self.file(promised: Int(UInt32.max)), "size of the chunk at 36"),
      (Self.file(data: [UInt8](repeating: 0, count: 2 * 8_000 * 60 + 2)), "length"),
    ]
    for (bytes, field) in faults { #expect(error(bytes) == field) }
    #expect(error(Self.file(data: [UInt8](repeating: 0, count: 2 * 8_000 * 60))) == "")
  }

  @Test func `every truncation is an error`() {
    let whole = Self.file(before: Array("LIST".utf8) + [1, 0, 0, 0, 9, 0])
    for length in 0..<whole.count { #expect(error(Array(whole[..<length])) != "") }
  }
}
