/// The columns and rows of a mesh on which cores are placed: all of a small mesh.
///
/// Places are numbered row by row within it; the port is place 0. Of a large mesh these are the
/// ones of a rectangle at the port with tiles for twice the cores, and those near pinned cores:
/// whatever lies beyond is only farther from everything.
struct MeshWindow {
  /// A mesh of up to so many tiles is looked at as a whole.
  static let tilesMax = 4096

  let columns: [Int]
  let rows: [Int]

  init(of placement: Placement) {
    guard placement.columns * placement.rows > Self.tilesMax else {
      columns = Array(0..<placement.columns)
      rows = Array(0..<placement.rows)
      return
    }
    let cores = placement.pinned.count
    let pinned = placement.pinned.compactMap { $0 }
    let side = 2 * (Int(Double(cores).squareRoot()) + 1)
    // On a mesh of few rows the rectangle is longer, and the other way round.
    func length(beside other: Int) -> Int {
      max(side, 2 * (cores + min(other, side) - 1) / min(other, side))
    }
    let wide = min(placement.columns, length(beside: placement.rows))
    let high = min(placement.rows, length(beside: placement.columns))
    let pinnedColumns = Set(pinned.map { $0 % placement.columns })
    let pinnedRows = Set(pinned.map { $0 / placement.columns })
    var radius = side
    var found = (columns: [Int](), rows: [Int]())
    repeat {
      found = (
        Self.axis(placement.columns, first: wide, near: pinnedColumns, by: radius),
        Self.axis(placement.rows, first: high, near: pinnedRows, by: radius)
      )
      radius = radius == 0 ? -1 : radius / 2
    } while radius >= 0
      && found.columns.count * found.rows.count > 16 * max(Self.tilesMax, side * side)
    columns = found.columns
    rows = found.rows
  }

  /// Number of places.
  var count: Int { columns.count * rows.count }

  /// Places in rows that run to the right and to the left in turn.
  var snake: [Int] {
    rows.indices.flatMap { row in
      columns.indices.map {
        row * columns.count + (row % 2 == 0 ? $0 : columns.count - 1 - $0)
      }
    }
  }

  /// The tile at a place, of a mesh with rows of so many tiles.
  func tile(at place: Int, columns count: Int) -> Int {
    rows[place / columns.count] * count + columns[place % columns.count]
  }

  /// The place of a tile of the window.
  func place(ofTile tile: Int, columns count: Int) -> Int {
    guard let column = columns.firstIndex(of: tile % count),
      let row = rows.firstIndex(of: tile / count)
    else { preconditionFailure("tile \(tile) is outside the window") }
    return row * columns.count + column
  }

  /// The first ones, and those near pinned cores.
  private static func axis(
    _ count: Int, first: Int, near pinned: Set<Int>, by radius: Int
  ) -> [Int] {
    var isIn = [Bool](repeating: false, count: count)
    for index in 0..<first { isIn[index] = true }
    for index in pinned {
      for near in max(0, index - radius)...min(count - 1, index + radius) { isIn[near] = true }
    }
    return isIn.indices.filter { isIn[$0] }
  }
}

/// Links that a core's messages would pass from each place, as a sum of one part along the row and
/// one along the column.
struct AxisCosts {
  private let window: MeshWindow
  private let columns: Int
  private var along: [Double]
  private var across: [Double]

  init(_ window: MeshWindow) {
    self.window = window
    columns = window.columns.count
    along = [Double](repeating: 0, count: columns)
    across = [Double](repeating: 0, count: window.rows.count)
  }

  /// Takes in so many messages from or to a place.
  @inline(__always)
  mutating func add(_ messages: Double, place: Int) {
    let column = window.columns[place % columns]
    let row = window.rows[place / columns]
    for (index, other) in window.columns.enumerated() {
      along[index] += messages * Double(abs(other - column))
    }
    for (index, other) in window.rows.enumerated() {
      across[index] += messages * Double(abs(other - row))
    }
  }

  /// The links from a place.
  @inline(__always)
  subscript(place: Int) -> Double { along[place % columns] + across[place / columns] }
}
