#include "CKernels.h"

#if defined(__x86_64__)
#pragma clang diagnostic ignored "-Wpsabi"
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define LEVEL_AVX2
#include "aggregation.h"
#pragma clang attribute pop

const AggregationTable *aggregation_avx2(void) {
  return __builtin_cpu_supports("avx2") ? &aggregationTable : NULL;
}
#else
const AggregationTable *aggregation_avx2(void) { return NULL; }
#endif
