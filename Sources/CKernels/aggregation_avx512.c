#include "CKernels.h"

#if defined(__x86_64__)
#pragma clang diagnostic ignored "-Wpsabi"
#include <immintrin.h>
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2"))), apply_to = function)
#define LEVEL_AVX512
#include "aggregation.h"
#pragma clang attribute pop

const AggregationTable *aggregation_avx512(void) {
  int usable = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
               && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return usable ? &aggregationTable : NULL;
}
#else
const AggregationTable *aggregation_avx512(void) { return NULL; }
#endif
