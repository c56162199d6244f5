internal import CZeroMQ

/// One wait of an owner thread: for its sockets and for its mailbox.
///
/// Nothing is returned: the owner looks at all of them after every wake-up without waiting.
enum Poller {
  /// Waits for input on a socket or in the mailbox.
  static func wait(_ socket: borrowing Socket, mailbox: Int32) {
    wait([input(socket), input(mailbox)])
  }

  /// Waits for input on a socket, for at most that long.
  static func wait(_ socket: borrowing Socket, milliseconds: Int) {
    wait([input(socket)], milliseconds: milliseconds)
  }

  /// Waits for input on two sockets or in the mailbox, or for room to send on the first.
  static func wait(
    _ socket: borrowing Socket, sending: Bool, monitor: borrowing Socket, mailbox: Int32
  ) {
    var first = input(socket)
    if sending { first.events |= Int16(ZMQ_POLLOUT) }
    wait([first, input(monitor), input(mailbox)])
  }

  /// Waits for input on any of many sockets and their event channels; says which have some.
  static func wait(
    _ pointers: [UnsafeMutableRawPointer], milliseconds: Int
  ) -> [Int] {
    var items = pointers.map {
      zmq_pollitem_t(socket: $0, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
    }
    guard zmq_poll(&items, Int32(items.count), milliseconds) > 0 else { return [] }
    return items.indices.filter { items[$0].revents != 0 }
  }

  /// Waits for the mailbox alone.
  static func wait(mailbox: Int32) { wait([input(mailbox)]) }

  private static func input(_ socket: borrowing Socket) -> zmq_pollitem_t {
    zmq_pollitem_t(socket: socket.pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
  }

  private static func input(_ descriptor: Int32) -> zmq_pollitem_t {
    zmq_pollitem_t(socket: nil, fd: descriptor, events: Int16(ZMQ_POLLIN), revents: 0)
  }

  private static func wait(_ items: [zmq_pollitem_t], milliseconds: Int = -1) {
    var items = items
    zmq_poll(&items, Int32(items.count), milliseconds)
  }
}
