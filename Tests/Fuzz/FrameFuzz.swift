import FleetCore
import FleetProtocol

/// Frames are a message or are refused with a code, whatever their bytes, and either core outlives
/// them; what was read is the same when it is written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzFrames(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = [UInt8](UnsafeBufferPointer(start: input, count: count))
  guard let envelope = FuzzedFrames(bytes) else { return -1 }
  do {
    let packet = try Packet(
      frames: envelope.frames, endpoint: envelope.endpoint, direction: envelope.direction)
    FuzzedContent.check(packet, envelope.direction)
  } catch {
    precondition(!error.code.isEmpty && !error.description.isEmpty, "a refusal has a code")
  }
  switch envelope.direction {
  case .up:
    var coordinator = FuzzedCoordinator.ready
    coordinator.receive(envelope.frames, on: envelope.endpoint, from: 0)
    coordinator.pass(milliseconds: 250)
    coordinator.check()
  case .down:
    var agent = FuzzedAgent.inThe(.announcing)
    agent.receive(envelope.frames, on: envelope.endpoint)
    agent.pass(milliseconds: 250)
    agent.check()
  }
  return 0
}
