/// A message that waits to be sent, or the rest of a core's neuron work behind its last one.
struct MeshMessage: Sendable {
  /// Picoseconds of work before it, since the sender's last message was sent.
  let generation: Double
  /// Position of the core that takes it in; nil for the rest of the work.
  var target: Int?
  /// Position of its route.
  var route = 0
  /// Picoseconds that the target works on it.
  var processing = 0.0
}

/// The mesh during one chip step, empty at its start; all times are picoseconds since then.
struct MeshTraffic {
  private struct Travelling {
    let takeUp: Double
    let route: Int
    let processing: Double
  }

  private let routes: [MeshRoutes.Route]
  private let linkBuffer: Double
  /// By link: how full messages on their way make it.
  private var densities: [Double]
  /// By core: messages in the order in which they are taken up, and how many have been.
  private var travelling: [[Travelling]]
  private var takenUp: [Int]
  private var busyUntil: [Double]
  /// Messages on their way and the mean of their processing times.
  private var number = 0.0
  private var meanProcessing = 0.0

  init(_ routes: MeshRoutes, cores: Int, linkBuffer: Int) {
    self.routes = routes.routes
    self.linkBuffer = Double(linkBuffer)
    densities = [Double](repeating: 0, count: routes.linkCount)
    travelling = [[Travelling]](repeating: [], count: cores)
    takenUp = [Int](repeating: 0, count: cores)
    busyUntil = [Double](repeating: 0, count: cores)
  }

  /// Sends all messages, each sender's in order; when the last work is done.
  ///
  /// Of messages that are ready at the same time that of the lowest sender goes first.
  mutating func run(_ queues: [[MeshMessage]]) -> Double {
    var end = 0.0
    var senders = queues.indices.filter { !queues[$0].isEmpty }
    let receivers = Set(queues.joined().compactMap(\.target)).sorted()
    var positions = [Int](repeating: 0, count: queues.count)
    var ready = queues.map { $0.first?.generation ?? 0 }
    while var earliest = senders.first {
      for sender in senders where ready[sender] < ready[earliest] { earliest = sender }
      let message = queues[earliest][positions[earliest]]
      var time = ready[earliest]
      end = max(end, time)
      release(receivers, at: time)
      if let target = message.target {
        time = send(message, to: target, at: time)
        end = max(end, busyUntil[target])
      }
      positions[earliest] += 1
      if positions[earliest] < queues[earliest].count {
        ready[earliest] = time + queues[earliest][positions[earliest]].generation
      } else {
        senders.removeAll { $0 == earliest }
      }
    }
    return end
  }

  /// Messages that have been taken up leave the mesh.
  private mutating func release(_ receivers: [Int], at time: Double) {
    for core in receivers {
      while takenUp[core] < travelling[core].count,
        travelling[core][takenUp[core]].takeUp <= time
      {
        let message = travelling[core][takenUp[core]]
        takenUp[core] += 1
        let links = routes[message.route].links
        for link in links { densities[link] -= 1 / Double(links.count + 1) }
        meanProcessing =
          number > 1
          ? meanProcessing + (meanProcessing - message.processing) / (number - 1) : 0
        number -= 1
      }
    }
  }

  /// Sends a message that is ready; when it has left, after waiting for room on its way.
  private mutating func send(_ message: MeshMessage, to target: Int, at ready: Double) -> Double {
    let route = routes[message.route]
    let length = Double(route.links.count)
    let density = route.links.reduce(0) { $0 + densities[$1] }
    let capacity = linkBuffer * length
    let sent = density > capacity ? ready + (density - capacity) * meanProcessing : ready
    let arrival = sent + max(route.picoseconds, density * meanProcessing / length)
    let takeUp = max(arrival, busyUntil[target])
    busyUntil[target] = takeUp + message.processing
    travelling[target].append(
      Travelling(takeUp: takeUp, route: message.route, processing: message.processing))
    for link in route.links { densities[link] += 1 / (length + 1) }
    meanProcessing += (message.processing - meanProcessing) / (number + 1)
    number += 1
    return sent
  }
}
