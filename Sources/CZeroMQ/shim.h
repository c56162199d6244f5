#pragma once
#include <errno.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <zmq.h>

// The released header of libzmq 4.3 names this option among its drafts only; the library takes it.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

// Gives pages that malloc holds without need back to the system. Glibc's own; others do it alone.
static inline void return_unused_memory(void) {
#ifdef __GLIBC__
  (void)malloc_trim(0);
#endif
}

// Names the calling thread for ps and top; Linux keeps 15 characters. Variadic calls do not import.
static inline void name_calling_thread(const char *name) { (void)prctl(PR_SET_NAME, name); }
