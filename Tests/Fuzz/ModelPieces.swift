/// A compiled model's file without what fuzzing would only waste time on: padding and lengths.
///
/// A byte that is even, then pieces, each a length (UInt16) and so many bytes: six sections, then
/// blocks. After a byte that is odd, the file as it is.
enum ModelPieces {
  private static let chunkBytes = 65536
  private static let tags = ["META", "CORE", "LAYR", "ROUT", "PRIC", "TIME"]
  private static let headerBytes = 24 + 24 * tags.count

  /// The file that the pieces stand for, whole or damaged.
  static func file(of input: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    guard let kind = input.first, kind & 1 == 0 else { return Array(input.dropFirst()) }
    return file(of: places(in: input).map { Array(input[$0]) })
  }

  /// Where the pieces lie.
  static func places(in input: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var places: [Range<Int>] = []
    var start = 1
    while start + 2 <= input.count {
      let length = Int(input[start]) | Int(input[start + 1]) << 8
      let end = min(start + 2 + length, input.count)
      places.append(start + 2..<end)
      start = end
    }
    return places
  }

  private static func file(of pieces: [[UInt8]]) -> [UInt8] {
    var header = Array("SFMODEL\0".utf8) + [3, 0, 6, 0] + little(headerBytes, 4)
    var body: [UInt8] = []
    var table: [UInt8] = []
    for (index, tag) in tags.enumerated() {
      let piece = index < pieces.count ? pieces[index] : []
      pad(&body, to: 8)
      table += Array(tag.utf8) + little(0, 4) + little(headerBytes + body.count, 8)
      table += little(piece.count, 8)
      body += piece
    }
    var blocks = [UInt8](repeating: 0, count: headerBytes) + body
    for piece in pieces.dropFirst(tags.count) {
      pad(&blocks, to: chunkBytes)
      blocks += piece
    }
    header += little(blocks.count, 8) + table
    return header + blocks.dropFirst(header.count)
  }

  /// The pieces of a file whose blocks are shorter than a chunk.
  static func pieces(of file: [UInt8]) -> [UInt8] {
    var pieces: [[UInt8]] = []
    var end = headerBytes
    for index in tags.indices {
      let entry = 24 + 24 * index
      let offset = number(file[(entry + 8)..<(entry + 16)])
      end = offset + number(file[(entry + 16)..<(entry + 24)])
      pieces.append(Array(file[offset..<end]))
    }
    let first = (end + chunkBytes - 1) / chunkBytes * chunkBytes
    for start in stride(from: first, to: file.count, by: chunkBytes) {
      let chunk = file[start..<min(start + chunkBytes, file.count)]
      let isLast = start + chunkBytes >= file.count
      let used = isLast ? chunk.endIndex : (chunk.lastIndex { $0 != 0 } ?? start) + 1
      pieces.append(Array(file[start..<used]))
    }
    return [0] + pieces.flatMap { little($0.count, 2) + $0 }
  }

  private static func pad(_ bytes: inout [UInt8], to unit: Int) {
    bytes += repeatElement(0, count: (unit - bytes.count % unit) % unit)
  }

  private static func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
