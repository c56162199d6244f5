// Preloaded into one process, moves that process's wall clock; every other clock stays true.
//
// WALL_CLOCK_FILE names a file of one 64-bit number, by how many seconds the clock is ahead. It is
// mapped, so that whoever writes it moves the clock of a running process at once. A deadline after
// 1970 plus 10^9 seconds is the wall clock's: no other clock gets there. A wait for it ends by the
// clock as it is then moved, a timer is handed to the kernel in the kernel's own time.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const time_t wall_from = 1000000000;
static const volatile int64_t *ahead_seconds;

__attribute__((constructor)) static void map_offset(void) {
  const char *path = getenv("WALL_CLOCK_FILE");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  void *page = file < 0 ? MAP_FAILED : mmap(NULL, 8, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) {
    perror("wall_clock: WALL_CLOCK_FILE");
    _exit(127);
  }
  close(file);
  ahead_seconds = page;
}

static time_t ahead(void) { return ahead_seconds ? (time_t)*ahead_seconds : 0; }

static struct timespec kernel_time(const struct timespec *deadline) {
  struct timespec real = *deadline;
  if (real.tv_sec > wall_from) real.tv_sec -= ahead();
  return real;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += ahead();
  }
  return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  *now = (struct timeval){exact.tv_sec, exact.tv_nsec / 1000};
  return 0;
}

time_t time(time_t *now) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now) *now = exact.tv_sec;
  return exact.tv_sec;
}

// The kernel's wall clock stays where it is while a process waits, so that the wait is cut in pieces.
static struct timespec piece_end(void) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_nsec += 5000000;
  if (end.tv_nsec >= 1000000000) {
    end.tv_nsec -= 1000000000;
    end.tv_sec += 1;
  }
  return end;
}

static int is_past(const struct timespec *deadline) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec > deadline->tv_sec ||
         (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

// Returns early without a reason where the time is not up, as it may.
int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
    const struct timespec *restrict deadline) {
  if (deadline->tv_sec <= wall_from) {
    return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, deadline);
  }
  if (is_past(deadline)) return ETIMEDOUT;
  struct timespec end = piece_end();
  int result = pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &end);
  return result == ETIMEDOUT ? 0 : result;
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
  for (;;) {
    struct timespec end = piece_end();
    if (sem_clockwait(semaphore, CLOCK_MONOTONIC, &end) == 0) return 0;
    if (errno != ETIMEDOUT) return -1;
    if (is_past(deadline)) {
      errno = ETIMEDOUT;
      return -1;
    }
  }
}

int timerfd_settime(
    int timer, int flags, const struct itimerspec *next, struct itimerspec *former) {
  struct itimerspec real = *next;
  if (flags & TFD_TIMER_ABSTIME) real.it_value = kernel_time(&next->it_value);
  return (int)syscall(SYS_timerfd_settime, timer, flags, &real, former);
}
