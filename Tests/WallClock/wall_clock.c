// Preloaded into one process, moves that process's wall clock; every other clock stays true.
//
// WALL_CLOCK_FILE names a file of one 64-bit number, by how many seconds the clock is ahead. It is
// mapped, so that whoever writes it moves the clock of a running process at once. A deadline after
// 1970 plus 10^9 seconds is the wall clock's (no other clock gets there): it is handed to the
// kernel in the kernel's own time.

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
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

int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
    const struct timespec *restrict deadline) {
  struct timespec real = kernel_time(deadline);
  clockid_t clock = deadline->tv_sec > wall_from ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  return pthread_cond_clockwait(condition, mutex, clock, &real);
}

int timerfd_settime(
    int timer, int flags, const struct itimerspec *next, struct itimerspec *former) {
  struct itimerspec real = *next;
  if (flags & TFD_TIMER_ABSTIME) real.it_value = kernel_time(&next->it_value);
  return (int)syscall(SYS_timerfd_settime, timer, flags, &real, former);
}
