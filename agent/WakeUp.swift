import Dispatch
import Glibc

/// Wakes one waiting thread; deadlines are by the clock that nobody sets.
///
/// A dispatch semaphore waits by the wall clock here: setting that back by ten minutes while the
/// thread waits would hold it for ten minutes.
final class WakeUp: @unchecked Sendable {
  // Both are made and destroyed once; the flag is touched under the mutex alone.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var isSignalled = false

  init() {
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Ends the wait that is under way, or else the next one.
  func signal() {
    pthread_mutex_lock(mutex)
    isSignalled = true
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Waits for a signal, at the longest until the deadline.
  func wait(until deadline: DispatchTime) {
    let nanoseconds = deadline.uptimeNanoseconds
    var due = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    pthread_mutex_lock(mutex)
    while !isSignalled, pthread_cond_timedwait(condition, mutex, &due) == 0 {}
    isSignalled = false
    pthread_mutex_unlock(mutex)
  }
}
