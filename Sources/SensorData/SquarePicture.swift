/// Samples whose channels are the pixels of a square, row by row.
enum SquarePicture {
  /// Pixels of a side; throws where the pixels fill no square of at most 1,024.
  static func side(pixels: Int, for work: String) throws(SensorDataError) -> Int {
    let side = (1...1024).first { $0 * $0 >= pixels } ?? 0
    guard side * side == pixels else {
      throw SensorDataError(
        .setting, place: work, field: "channels", found: "\(pixels)",
        expected: "a square number up to 1048576", cure: "use square pictures")
    }
    return side
  }
}
