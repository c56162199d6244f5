#include "CKernels.h"

#if defined(__x86_64__)
#pragma clang diagnostic ignored "-Wpsabi"
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#define LEVEL_AVX2
#include "level.h"
#pragma clang attribute pop

const KernelTable *kernels_avx2(void) {
  int usable = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
               && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  return usable ? &table : NULL;
}
#else
const KernelTable *kernels_avx2(void) { return NULL; }
#endif
