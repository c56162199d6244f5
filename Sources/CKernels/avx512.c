#include "CKernels.h"

#if defined(__x86_64__)
#pragma clang diagnostic ignored "-Wpsabi"
#include <immintrin.h>
#pragma clang attribute push(                                                                \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx2,bmi,bmi2,lzcnt," \
                          "popcnt"))),\
    apply_to = function)
#define LEVEL_AVX512
#include "level.h"
#pragma clang attribute pop

const KernelTable *kernels_avx512(void) {
  int usable = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
               && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
               && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")
               && __builtin_cpu_supports("popcnt");
  return usable ? &table : NULL;
}
#else
const KernelTable *kernels_avx512(void) { return NULL; }
#endif
