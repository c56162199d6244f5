import SwiftProtobuf

/// The two messages of the enrolment endpoint, which speaks no other: a header and a body each.
package enum EnrolmentMessage {
  /// Type byte of ENROL, from an agent.
  package static let requestType: UInt8 = 64
  /// Type byte of ENROL_ANSWER, to an agent.
  package static let answerType: UInt8 = 65
  /// Largest body in bytes.
  package static let bodyBytesMax = 1_024
  /// Length of a token in hexadecimal digits.
  package static let tokenLength = 64

  /// Frames of a request.
  package static func frames(_ enrol: WireEnrol) -> [[UInt8]] {
    frames(SignedDocument.encoded(enrol), requestType)
  }

  /// Frames of an answer.
  package static func frames(_ answer: WireEnrolAnswer) -> [[UInt8]] {
    frames(SignedDocument.encoded(answer), answerType)
  }

  /// Reads a request; anything else is refused with the code that is counted.
  package static func request(_ frames: [[UInt8]]) throws(FrameRefusal) -> WireEnrol {
    let body = try body(of: frames, requestType)
    do { return try WireEnrol(serializedBytes: body) } catch { throw .body(.hello) }
  }

  /// Reads an answer.
  package static func answer(_ frames: [[UInt8]]) throws(FrameRefusal) -> WireEnrolAnswer {
    let body = try body(of: frames, answerType)
    do { return try WireEnrolAnswer(serializedBytes: body) } catch { throw .body(.refused) }
  }

  private static func frames(_ body: [UInt8], _ type: UInt8) -> [[UInt8]] {
    var header = FrameHeader(
      type: .hello, version: UInt8(Limits.protocolVersionMin), session: 0, sequence: 1)
    header.type = type
    return [header.encoded(), body]
  }

  private static func body(
    of frames: [[UInt8]], _ type: UInt8
  ) throws(FrameRefusal) -> [UInt8] {
    guard frames.count == 2 else { throw .frameCount(found: frames.count, expected: 2) }
    let header = try FrameHeader(reading: frames[0])
    guard header.type == type else { throw .unknownType(header.type) }
    guard frames[1].count <= bodyBytesMax else {
      throw .bodySize(.hello, found: frames[1].count, limit: bodyBytesMax)
    }
    return frames[1]
  }
}
