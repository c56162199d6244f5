import FleetCore
import FleetProtocol

/// Bodies of any bytes under sound headers, one after the other, leave either core alive, its state
/// what it has stored, and its answers such as a peer can read.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzBodies(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = [UInt8](UnsafeBufferPointer(start: input, count: count))
  guard let story = FuzzedStory(bytes), !story.steps.isEmpty else { return -1 }
  switch story.direction {
  case .up:
    var coordinator = FuzzedCoordinator.ready
    for step in story.steps {
      coordinator.pass(milliseconds: step.milliseconds)
      let node = Int(step.circumstances & 1)
      coordinator.receive(
        frames(step, session: coordinator.session(of: node)), on: step.type.rule.endpoint,
        from: node)
    }
    coordinator.pass(milliseconds: 250)
    coordinator.check()
  case .down:
    var agent = FuzzedAgent.inThe(story.stage)
    for step in story.steps {
      agent.pass(milliseconds: step.milliseconds)
      agent.receive(frames(step, session: FuzzedAgent.session), on: step.type.rule.endpoint)
    }
    agent.pass(milliseconds: 250)
    agent.check()
  }
  return 0
}

private func frames(_ step: FuzzedStory.Step, session: UInt64) -> [[UInt8]] {
  if let message = try? Message(type: step.type, body: step.body) {
    let again = try? Message(type: step.type, body: message.encodedBody())
    precondition(again == message, "\(step.type) is another message when it is written again")
  }
  // A greeting has no session yet; a later welcome has a higher one.
  let isOther = step.circumstances & 2 != 0
  let number = step.type == .hello ? 0 : isOther ? session &+ 1 : session
  let header = FrameHeader(type: step.type, session: number, sequence: 7)
  return [header.encoded(), step.body] + (step.payload.map { [$0] } ?? [])
}
