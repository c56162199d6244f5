import SensorData
import Testing

@Suite struct IDXArrayTests {
  private let images = IDXArray(
    elementType: .unsigned8, dimensions: [2, 2, 3], payload: Array(1...12))

  @Test func `bytes are as the MNIST database documents them`() {
    #expect(
      images.encoded == [
        0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
      ])
    #expect(
      IDXArray(identifiers: [0x0102_0304_0506_0708]).encoded == [
        0, 0, 12, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8,
      ])
  }

  @Test func `what is written is read`() throws {
    for array in [
      images, IDXArray(identifiers: [0, .max, 7]), IDXArray(identifiers: []),
      IDXArray(elementType: .unsigned8, dimensions: [0], payload: []),
    ] {
      #expect(try IDXArray(reading: array.encoded, file: "a") == array)
    }
    #expect(IDXArray(identifiers: [0, .max, 7]).identifiers == [0, .max, 7])
    let plain = IDXArray(
      elementType: .signed32, dimensions: [2], payload: [0, 0, 1, 2, 0x7F, 255, 255, 255])
    #expect(plain.identifiers == [258, 0x7FFF_FFFF])
    let negative = IDXArray(
      elementType: .signed32, dimensions: [1], payload: [0x80, 0, 0, 0])
    #expect(negative.identifiers == nil)
    #expect(images.identifiers == nil)
  }

  @Test func `every truncation and every byte too many is an error`() {
    let whole = images.encoded
    for length in 0..<whole.count {
      #expect(throws: SensorDataError.self, "\(length) bytes") {
        try IDXArray(reading: Array(whole[..<length]), file: "a")
      }
    }
    #expect(throws: SensorDataError.self) { try IDXArray(reading: whole + [0], file: "a") }
  }

  @Test func `any byte of the head may be anything`() {
    for position in 0..<16 {
      for byte in UInt8.min...UInt8.max where byte != images.encoded[position] {
        var bytes = images.encoded
        bytes[position] = byte
        #expect(throws: SensorDataError.self) { try IDXArray(reading: bytes, file: "a") }
      }
    }
  }

  private func error(_ bytes: [UInt8]) -> String {
    do throws(SensorDataError) {
      _ = try IDXArray(reading: bytes, file: "digits.idx")
      return ""
    } catch {
      return error.description
    }
  }

  @Test func `errors name file, field, what was found and what was expected`() {
    #expect(
      error([1, 0, 8, 1]) == "digits.idx: magic is 1 0, expected 0 0; "
        + "replace the file, it is damaged or not IDX")
    #expect(error([0, 0, 9, 1]).contains("element type is 9, expected 8"))
    #expect(error([0, 0, 8, 5]).contains("number of dimensions is 5, expected 1 to 4"))
    #expect(error([0, 0, 8, 1, 0, 0, 0, 2, 7]).contains("length is 9 bytes, expected 10"))
    #expect(
      error([0, 0, 8, 1, 0x10, 0, 0, 1]).contains("expected at most 268435456 bytes of elements"))
    #expect(error([0, 0, 8, 1, 0x10, 0, 0, 0]).contains("expected 268435464"))
    let large = [UInt8](repeating: 255, count: 16)
    #expect(error([0, 0, 12, 4] + large).contains("dimensions is [4294967295,"))
  }
}
