internal import CZeroMQ
internal import Glibc
internal import Synchronization

/// An operating system thread that owns one socket from its making to its closing.
///
/// Started and joined synchronously: after `start` the socket is ready or the start has failed,
/// after `join` it is closed.
final class OwnerThread: Sendable {
  private let thread: pthread_t
  private let joined = Mutex(false)

  private init(thread: pthread_t) { self.thread = thread }

  /// Runs `body` on a new thread and waits until it calls `ready` or throws.
  static func start<Value: Sendable>(
    name: String,
    _ body: @escaping @Sendable (_ ready: (Value) -> Void) throws(TransportError) -> Void
  ) throws(TransportError) -> (OwnerThread, Value) {
    let gate = StartGate<Value>()
    let box = ThreadBody {
      name_calling_thread(name)
      do throws(TransportError) {
        try body { gate.open(.success($0)) }
      } catch {
        gate.open(.failure(error))
      }
    }
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(box)
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, retained.toOpaque())
    guard code == 0 else {
      retained.release()
      throw .socket(ZMQError(operation: "start thread \(name)", errno: code))
    }
    let owner = OwnerThread(thread: thread)
    switch gate.wait() {
    case .success(let value): return (owner, value)
    case .failure(let error):
      owner.join()
      throw error
    }
  }

  /// Waits for the end of the body; later calls return at once.
  ///
  /// Never from the thread itself.
  func join() {
    joined.withLock { joined in
      guard !joined else { return }
      precondition(
        pthread_equal(pthread_self(), thread) == 0, "a transport was stopped from its own callback")
      pthread_join(thread, nil)
      joined = true
    }
  }
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Lets the starter wait for the first word of the thread; every later word is ignored.
private final class StartGate<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, TransportError>?>(nil)
  nonisolated(unsafe) private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  // POSIX semaphores are made for use from several threads; the pointer itself never changes.

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func open(_ value: Result<Value, TransportError>) {
    let first = result.withLock { result in
      guard result == nil else { return false }
      result = value
      return true
    }
    if first { sem_post(semaphore) }
  }

  func wait() -> Result<Value, TransportError> {
    while sem_wait(semaphore) != 0 {}
    guard let value = result.withLock({ $0 }) else {
      preconditionFailure("a start gate opened without a result")
    }
    return value
  }
}
