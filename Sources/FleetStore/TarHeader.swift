/// The block before each file of a tar archive, in the form of POSIX (ustar).
///
/// Plain files alone, with names of at most 100 bytes. Sizes from 8 GiB on are written in base 256,
/// as GNU tar does.
package struct TarHeader: Sendable, Equatable {
  /// Bytes of a block.
  package static let blockBytes = 512
  /// Two blocks of zeros end an archive.
  package static let ending = [UInt8](repeating: 0, count: 2 * blockBytes)

  /// The file's name: no path that leads up or out, whoever wrote the archive.
  package let name: String
  /// Its size in bytes.
  package let size: UInt64

  /// A header of a file that its owner alone may read.
  package init(name: String, size: UInt64) {
    precondition(Self.isName(name), "\(name) is no name for an archive")
    self.name = name
    self.size = size
  }

  /// Bytes that fill the file's last block.
  package static func padding(after size: UInt64) -> Int {
    Int((512 - size % 512) % 512)
  }

  /// True for relative paths of plain words.
  static func isName(_ text: String) -> Bool {
    (1...100).contains(text.utf8.count)
      && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { word in
        !word.isEmpty && word.first != "."
          && word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
              || (0x61...0x7A).contains(byte) || [0x2D, 0x2E, 0x5F].contains(byte)
          }
      }
  }

  /// The block, with a time of change in seconds since 1970.
  package func encoded(atSeconds seconds: Int64) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: Self.blockBytes)
    func put(_ text: String, at offset: Int) {
      for (index, byte) in text.utf8.enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: UInt64, digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
    put(name, at: 0)
    put("0000600", at: 100)
    put("0000000", at: 108)
    put("0000000", at: 116)
    if size < 1 << 33 {
      put(octal(size, digits: 11), at: 124)
    } else {
      block[124] = 0x80
      for index in 0..<8 { block[135 - index] = UInt8(truncatingIfNeeded: size >> (8 * index)) }
    }
    put(octal(UInt64(clamping: min(seconds, (1 << 33) - 1)), digits: 11), at: 136)
    block[156] = 0x30
    put("ustar", at: 257)
    put("00", at: 263)
    put("        ", at: 148)
    let sum = block.reduce(UInt64(0)) { $0 + UInt64($1) }
    put(octal(sum, digits: 6), at: 148)
    block[154] = 0
    return block
  }

  /// Reads a block; nil unless it is whole and of a plain file with a harmless name.
  package init?(_ block: [UInt8]) {
    guard block.count == Self.blockBytes, block[156] == 0x30 || block[156] == 0,
      Array(block[257..<262]) == Array("ustar".utf8)
    else { return nil }
    var sum: UInt64 = 0
    for (index, byte) in block.enumerated() {
      sum += (148..<156).contains(index) ? 0x20 : UInt64(byte)
    }
    guard let stated = Self.octal(block[148..<156]), stated == sum,
      let size = Self.size(Array(block[124..<136])),
      let name = String(validating: block[0..<100].prefix { $0 != 0 }, as: UTF8.self),
      Self.isName(name)
    else { return nil }
    self.name = name
    self.size = size
  }

  private static func size(_ field: [UInt8]) -> UInt64? {
    guard field[0] == 0x80 else { return octal(field[...]) }
    guard field[1..<4].allSatisfy({ $0 == 0 }) else { return nil }
    return field[4...].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> UInt64? {
    let digits = field.prefix { $0 != 0 && $0 != 0x20 }
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 << 3 | UInt64($1 - 0x30) }
  }
}
