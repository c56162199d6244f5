import CompiledModel

/// Ways of messages over the mesh: along the row first, then along the column.
struct MeshRoutes: Sendable {
  /// A way from a sender to a core.
  struct Route: Sendable {
    /// The sender's own link into its router, then one for each hop.
    let links: [Int]
    /// Picoseconds of an undisturbed message.
    let picoseconds: Double
  }

  /// A link by the router that it enters, and from where.
  private enum Link: Hashable {
    case own(sender: Int)
    case hop(column: Int, row: Int, from: Direction)
  }

  private enum Direction { case left, right, above, below }

  /// Where senders are: the port, then the cores.
  private let places: [CompiledModel.MeshPlace]
  private let horizontal: Double
  private let vertical: Double
  private var numbers: [Link: Int] = [:]
  private var known: [Int: Int] = [:]
  private(set) var routes: [Route] = []

  /// Links of all routes so far.
  var linkCount: Int { numbers.count }

  init(_ model: CompiledModel) {
    places =
      [model.port]
      + model.cores.map { CompiledModel.MeshPlace(column: $0.column, row: $0.row) }
    horizontal = Double(model.timing[.hopHorizontal])
    vertical = Double(model.timing[.hopVertical])
  }

  /// Position of the route from a sender, 0 for the port, else the core's position plus 1.
  mutating func route(from sender: Int, to core: Int) -> Int {
    let key = sender * places.count + core
    if let position = known[key] { return position }
    let position = routes.count
    routes.append(makeRoute(from: sender, to: core))
    known[key] = position
    return position
  }

  private mutating func makeRoute(from sender: Int, to core: Int) -> Route {
    var (place, target) = (places[sender], places[core + 1])
    let columns = abs(target.column - place.column)
    let rows = abs(target.row - place.row)
    var links = [number(of: .own(sender: sender))]
    while place.column != target.column {
      let isRightward = place.column < target.column
      place.column += isRightward ? 1 : -1
      let link = Link.hop(
        column: place.column, row: place.row, from: isRightward ? .left : .right)
      links.append(number(of: link))
    }
    while place.row != target.row {
      let isDownward = place.row < target.row
      place.row += isDownward ? 1 : -1
      let link = Link.hop(column: place.column, row: place.row, from: isDownward ? .above : .below)
      links.append(number(of: link))
    }
    return Route(
      links: links, picoseconds: Double(columns) * horizontal + Double(rows) * vertical)
  }

  private mutating func number(of link: Link) -> Int {
    if let number = numbers[link] { return number }
    let number = numbers.count
    numbers[link] = number
    return number
  }
}
