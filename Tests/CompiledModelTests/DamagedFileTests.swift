import CompiledModel
import Foundation
import Testing

/// Whatever the bytes, reading gives an error or a model with just these bytes.
@Suite struct DamagedFileTests {
  private let model = ModelFixture.model

  /// The bytes before the first block and those of the blocks themselves.
  private func meaningfulBytes(of bytes: [UInt8]) -> [Int] {
    let head = bytes[..<ChipArithmetic.chunkBytes].lastIndex { $0 != 0 } ?? 0
    return bytes.indices.filter { $0 <= head + 8 || bytes[$0] != 0 }
  }

  private func isHarmless(_ damaged: [UInt8], _ original: CompiledModel) -> Bool {
    guard let read = try? CompiledModel(reading: damaged) else { return true }
    return read != original && read.encoded() == damaged
  }

  @Test(arguments: ModelFixture.allCases)
  func `each bit of each byte that says something may be flipped`(fixture: ModelFixture) {
    let model = fixture.model
    var bytes = model.encoded()
    for index in meaningfulBytes(of: bytes) {
      for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
        bytes[index] ^= flip
        #expect(isHarmless(bytes, model), "byte \(index) ^ \(flip)")
        bytes[index] ^= flip
      }
    }
  }

  /// The largest number in place of any length or count; a reader that trusted it would ask for
  /// gigabytes, which the kernel counts whether they are touched or not.
  @Test(arguments: ModelFixture.allCases)
  func `no length makes the reader ask for much memory`(fixture: ModelFixture) throws {
    let bytes = fixture.model.encoded()
    let head = bytes[..<ChipArithmetic.chunkBytes].lastIndex { $0 != 0 } ?? 0
    let before = try Self.peakVirtualKibibytes()
    for start in 0...head {
      for width in [2, 4, 8] {
        var damaged = bytes
        for place in start..<start + width { damaged[place] = 255 }
        damaged[start + width - 1] = 127
        #expect(isHarmless(damaged, fixture.model), "\(width) bytes from \(start) on")
      }
    }
    // Other tests run beside this one; together they stay far below.
    #expect(try Self.peakVirtualKibibytes() - before < 1 << 20)
  }

  private static func peakVirtualKibibytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmPeak:") })
    return try #require(Int(line.split(separator: " ").dropLast().last ?? ""))
  }

  @Test func `each byte of padding must be zero`() {
    var bytes = ModelFixture.pairSTDPModel.encoded()
    let meaningful = Set(meaningfulBytes(of: bytes))
    let blocks = [65536..<65548, 131_072..<131_076]
    for index in bytes.indices
    where !meaningful.contains(index) && !blocks.contains(where: { $0.contains(index) }) {
      bytes[index] = 255
      if (try? CompiledModel(reading: bytes)) != nil { Issue.record("byte \(index)") }
      bytes[index] = 0
    }
  }

  @Test func `a file cut at any length is refused`() {
    var bytes = model.encoded()
    while !bytes.isEmpty {
      bytes.removeLast()
      #expect(throws: ModelError.self, "\(bytes.count) bytes") {
        _ = try CompiledModel(reading: bytes)
      }
    }
  }

  /// Lengths in the header are mended, so that the cut reaches the sections' own readers.
  @Test(arguments: ModelFixture.allCases)
  func `a cut that the header admits to is refused`(fixture: ModelFixture) {
    let model = fixture.model
    let bytes = model.encoded()
    let head = bytes[..<ChipArithmetic.chunkBytes].lastIndex { $0 != 0 } ?? 0
    let lengths = Array(24...head + 8) + Array(bytes.count - 40..<bytes.count)
    for length in lengths {
      var cut = Array(bytes[..<length])
      for byte in 0..<8 { cut[16 + byte] = UInt8((length >> (8 * byte)) & 0xFF) }
      #expect(throws: ModelError.self, "\(length) bytes") { _ = try CompiledModel(reading: cut) }
    }
    #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes + [0]) }
  }

  @Test(arguments: ModelFixture.allCases)
  func `several damaged bytes are refused or give another model`(fixture: ModelFixture) {
    let model = fixture.model
    let bytes = model.encoded()
    let head = bytes[..<ChipArithmetic.chunkBytes].lastIndex { $0 != 0 } ?? 0
    var random = TestRandom(state: 1)
    for round in 0..<3000 {
      var damaged = bytes
      for _ in 0...random.next(4) { damaged[random.next(head)] = UInt8(random.next(256)) }
      guard damaged != bytes else { continue }
      #expect(isHarmless(damaged, model), "round \(round)")
    }
  }

  @Test func `an error names section and field`() {
    var bytes = model.encoded()
    bytes[8] = 9
    let error = #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes) }
    #expect(error?.section == "header")
    #expect(error?.field == "version")
    #expect("\(error as Any)".contains("header.version is 9, expected 3"))
    bytes[8] = 3
    bytes[65535] = 1
    let padding = #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes) }
    #expect(padding?.field == "[0].connections[0].weights")
    #expect(padding?.expected == "zeros")
  }

  @Test func `a table of routes that the connections do not demand is refused`() {
    var bytes = model.encoded()
    let start = Int(bytes[24 + 3 * 24 + 8]) | Int(bytes[24 + 3 * 24 + 9]) << 8
    // The first core of the first route.
    bytes[start + 14] = 2
    let error = #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes) }
    #expect(error?.section == "routes")
    #expect(error?.expected == "neurons 0..<3 of the input to cores [0, 1]")
  }

  @Test func `bits that stand for no weight must be zero`() {
    var bytes = ModelFixture.fixedModel.encoded()
    for (byte, bit) in [(65538, 2), (65538, 7), (6 * 65536 + 3, 4)] {
      bytes[byte] |= 1 << UInt8(bit)
      let error = #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes) }
      #expect(error?.found == "bits beyond the last")
      bytes[byte] &= ~(1 << UInt8(bit))
    }
    // -8 has four bits but is no weight.
    bytes[2 * 65536] = 0xA8
    #expect(throws: ModelError.self) { _ = try CompiledModel(reading: bytes) }
  }
}

/// Numbers that are the same in each run.
struct TestRandom {
  var state: UInt64

  mutating func next(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(bound))
  }
}
