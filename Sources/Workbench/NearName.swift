/// The known name that somebody probably meant.
enum NearName {
  /// What a figure is a thousand or more times of: as names have it before their unit.
  private static let prefixes = [
    "femto", "pico", "nano", "micro", "milli", "centi", "kilo", "mega", "giga", "tera",
  ]

  /// The name of fewest changed letters, nil where none is near.
  ///
  /// Names that differ by the prefix of a unit are never near: a figure under the other name would
  /// be wrong by a power of ten.
  static func nearest(to name: String, in known: [String]) -> String? {
    let distances = known.map { (name: $0, distance: EditDistance.between($0, name)) }
    guard let nearest = distances.min(by: { $0.distance < $1.distance }),
      nearest.distance <= max(2, name.count / 3), nearest.distance < nearest.name.count,
      !differInUnit(name, nearest.name)
    else { return nil }
    return nearest.name
  }

  /// Whether one name has another prefix of a unit than the other, or one where the other has none.
  static func differInUnit(_ one: String, _ other: String) -> Bool {
    func prefix(_ name: String) -> String? {
      let name = name.lowercased()
      return prefixes.first { name.contains($0) }
    }
    return prefix(one) != prefix(other)
  }

  /// The short form of a unit that a key is named after: `pJ` for `picojoules`.
  static func unit(of key: String) -> String? {
    switch key {
    case "picojoules": "pJ"
    case "nanoseconds": "ns"
    case "squareMillimetres": "mm2"
    default: nil
    }
  }
}
