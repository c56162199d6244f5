/// Strictly increasing indices as bits: the gaps between them, each in Rice's code.
///
/// A gap g (the first index, then index - previous - 1) is g >> r zeros, a one, then the r low
/// bits of g, all from the lowest bit of each byte up. The parameter r is the smallest of those
/// that take the fewest bits, so a set of indices has one form. With r = 0 the form is a bit map.
enum RiceCode {
  /// Largest parameter.
  static let parameterMax: UInt8 = 24

  /// The form of `indices`, which must be strictly increasing.
  static func encode(_ indices: [UInt32]) -> (parameter: UInt8, bytes: [UInt8]) {
    var next: UInt64 = 0
    let gaps = indices.map { index in
      precondition(UInt64(index) >= next, "index \(index) where at least \(next) belongs")
      defer { next = UInt64(index) + 1 }
      return UInt64(index) - next
    }
    let parameter = parameter(for: gaps)
    var bits = BitWriter()
    for gap in gaps {
      for _ in 0..<(gap >> UInt64(parameter)) { bits.append(0, count: 1) }
      bits.append(1, count: 1)
      bits.append(gap, count: parameter)
    }
    return (parameter, bits.bytes)
  }

  /// Reads `kept` indices below `count`; there are at least `kept` bits or it throws.
  static func decode(
    _ bytes: [UInt8], kept: Int, parameter: UInt8, below count: Int
  ) throws(FormatError) -> [UInt32] {
    guard parameter <= parameterMax else { throw FormatError("Rice parameter \(parameter)") }
    guard kept <= bytes.count * 8 else {
      throw FormatError("\(kept) indices in \(bytes.count) bytes")
    }
    var indices: [UInt32] = []
    indices.reserveCapacity(kept)
    var bits = BitReader(bytes)
    var next: UInt64 = 0
    for _ in 0..<kept {
      var quotient: UInt64 = 0
      while try bits.take(1) == 0 { quotient += 1 }
      let index = next + (quotient << UInt64(parameter) | (try bits.take(parameter)))
      guard index < UInt64(count) else {
        throw FormatError("index \(index) of \(count) elements")
      }
      indices.append(UInt32(index))
      next = index + 1
    }
    return indices
  }

  private static func parameter(for gaps: [UInt64]) -> UInt8 {
    var best: (parameter: UInt8, bits: UInt64) = (0, .max)
    for parameter in 0...parameterMax {
      let bits = gaps.reduce(UInt64(gaps.count) * (UInt64(parameter) + 1)) {
        $0 + ($1 >> UInt64(parameter))
      }
      if bits < best.bits { best = (parameter, bits) }
    }
    return best.parameter
  }
}

/// Bits from the lowest of each byte up.
private struct BitWriter {
  var bytes: [UInt8] = []
  private var used: UInt8 = 8

  mutating func append(_ bits: UInt64, count: UInt8) {
    for position in 0..<count {
      if used == 8 {
        bytes.append(0)
        used = 0
      }
      bytes[bytes.count - 1] |= UInt8(truncatingIfNeeded: (bits >> UInt64(position)) & 1) << used
      used += 1
    }
  }
}

/// Takes bits from the lowest of each byte up.
private struct BitReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func take(_ count: UInt8) throws(FormatError) -> UInt64 {
    guard position + Int(count) <= bytes.count * 8 else {
      throw FormatError("the indices end inside a code of \(bytes.count) bytes")
    }
    var bits: UInt64 = 0
    for place in 0..<Int(count) {
      let bit = bytes[(position + place) >> 3] >> UInt8((position + place) & 7) & 1
      bits |= UInt64(bit) << UInt64(place)
    }
    position += Int(count)
    return bits
  }
}
