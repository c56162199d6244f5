import Foundation

/// SIGTERM and SIGINT as one message; stopping takes a second at most, so repeats change nothing.
///
/// They are blocked from the process's first moment on and waited for by a thread: one that comes
/// before anybody listens is kept by the system. A handler or a dispatch source would lose it.
enum StopSignals {
  private static var set: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, SIGTERM)
    sigaddset(&set, SIGINT)
    return set
  }

  /// Keeps the signals back; call it before any thread is made, for threads inherit it.
  static func hold() {
    var held = set
    pthread_sigmask(SIG_BLOCK, &held, nil)
  }

  /// Calls `stop` once, with the first signal's name, on a thread of its own.
  static func listen(stop: @escaping @Sendable (String) -> Void) {
    let thread = Thread {
      var (waited, number) = (set, Int32(0))
      while sigwait(&waited, &number) != 0 {}
      stop(number == SIGTERM ? "SIGTERM" : "SIGINT")
    }
    thread.name = "signals"
    thread.start()
  }
}
