/* Merging updates. Included once for each level, as level.h is. */

#include "vectors.h"

/* A fused product would round once where another machine rounds twice. */
#pragma STDC FP_CONTRACT OFF

typedef float f32x8 __attribute__((vector_size(32)));
typedef float f32x16 __attribute__((vector_size(64)));
typedef double f64x8 __attribute__((vector_size(64)));
UNALIGNED(f32x8);
UNALIGNED(f32x16);
UNALIGNED(f64x8);

#define LOW_EIGHT 0, 1, 2, 3, 4, 5, 6, 7
#define HIGH_EIGHT 8, 9, 10, 11, 12, 13, 14, 15

INLINE double laneSum(f64x8 lanes) {
  double even = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]);
  return even + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

INLINE f64x8 lowDoubles(f32x16 x) {
  return CONVERT(__builtin_shufflevector(x, x, LOW_EIGHT), f64x8);
}
INLINE f64x8 highDoubles(f32x16 x) {
  return CONVERT(__builtin_shufflevector(x, x, HIGH_EIGHT), f64x8);
}

static void widen16(const void *in, int32_t count, float *out) {
  const char *bytes = in;
  int32_t k = 0;
  for (; k + 16 <= count; k += 16) {
    i32x16 wide = CONVERT(LOAD(i16x16, bytes + 2 * k), i32x16);
    STORE(f32x16, out + k, CONVERT(wide, f32x16));
  }
  for (; k < count; k++) {
    int16_t value;
    memcpy(&value, bytes + 2 * k, sizeof value);
    out[k] = value;
  }
}

static void widen32(const void *in, int32_t count, float *out) {
  const char *bytes = in;
  int32_t k = 0;
  for (; k + 16 <= count; k += 16) {
    STORE(f32x16, out + k, CONVERT(LOAD(i32x16, bytes + 4 * k), f32x16));
  }
  for (; k < count; k++) {
    int32_t value;
    memcpy(&value, bytes + 4 * k, sizeof value);
    out[k] = (float)value;
  }
}

/* Bits of eight elements from k on, zeros after the last. */
INLINE i32x8 eight(const char *row, int32_t k, int32_t count) {
  if (k + 8 <= count) return LOAD(i32x8, row + 4 * k);
  int32_t rest[8] = {0};
  memcpy(rest, row + 4 * k, (size_t)(count - k) * sizeof *rest);
  return LOAD(i32x8, rest);
}

/* Rows are visited a block at a time, one row after the other, and each block begins where the
   machine expects nothing: it is asked for two pages before it is needed. */
#define AHEAD 8192

INLINE RowFacts visit(
    const void *row, double coefficient, int32_t count, double *sums, float *out) {
  f64x8 squares = {0};
  i32x8 peaks = {0};
  for (int32_t k = 0; k < count; k += 8) {
    if (k % 16 == 0) __builtin_prefetch((const void *)((uintptr_t)row + 4 * k + AHEAD), 0, 2);
    i32x8 bits = eight(row, k, count);
    f64x8 x = CONVERT((f32x8)bits, f64x8);
    if (sums) STORE(f64x8, sums + k, LOAD(f64x8, sums + k) + coefficient * x);
    if (out) STORE(i32x8, out + k, bits);
    squares += x * x;
    peaks = __builtin_elementwise_max(peaks, bits & 0x7FFFFFFF);
  }
  return (RowFacts){laneSum(squares), (uint32_t)__builtin_reduce_max(peaks)};
}

static RowFacts inspect(const void *row, int32_t count) {
  return visit(row, 0, count, NULL, NULL);
}

static RowFacts copy(const void *row, int32_t count, float *out) {
  return visit(row, 0, count, NULL, out);
}

static RowFacts accumulate(const void *row, double coefficient, int32_t count, double *sums) {
  return visit(row, coefficient, count, sums, NULL);
}

/* Pairs of so many rows by so many share their loads; as many as registers hold. */
#if defined(LEVEL_AVX512)
#define TILE 4
#else
#define TILE 2
#endif

/* Differences that the units which multiply may take as well: a product with one is exact, so that
   the difference is rounded as it would be without it. */
#if defined(LEVEL_AVX512)
INLINE f32x16 otherwise(f32x16 a, f32x16 b, f32x16 one) {
  return (f32x16)_mm512_fmsub_ps((__m512)a, (__m512)one, (__m512)b);
}
#else
INLINE f32x16 otherwise(f32x16 a, f32x16 b, f32x16 one) {
  (void)one;
  return a - b;
}
#endif

INLINE void distanceTile(
    const float *const a[TILE], const float *const b[TILE], int32_t columns,
    double sums[TILE][TILE]) {
  f32x16 lanes[TILE][TILE] = {{{0}}};
  f32x16 one = (f32x16){0} + 1;
#if defined(LEVEL_AVX512)
  /* Hides the value, or the compiler would take the product out. */
  __asm__("" : "+v"(one));
#endif
  for (int32_t k = 0; k < columns; k += 16) {
    f32x16 right[TILE];
    for (int j = 0; j < TILE; j++) right[j] = *(const f32x16 *)(b[j] + k);
    for (int i = 0; i < TILE; i++) {
      f32x16 left = *(const f32x16 *)(a[i] + k);
      for (int j = 0; j < TILE; j++) {
        f32x16 apart = (i + j) % 2 ? otherwise(left, right[j], one) : left - right[j];
        lanes[i][j] += apart * apart;
      }
    }
  }
  for (int i = 0; i < TILE; i++) {
    for (int j = 0; j < TILE; j++) {
      sums[i][j] = laneSum(lowDoubles(lanes[i][j]) + highDoubles(lanes[i][j]));
    }
  }
}

static void distances(
    const float *rows, int32_t stride, int32_t count, int32_t columns, double scale,
    double *matrix) {
  for (int32_t first = 0; first < count; first += TILE) {
    for (int32_t second = first; second < count; second += TILE) {
      const float *a[TILE], *b[TILE];
      for (int32_t t = 0; t < TILE; t++) {
        /* Rows beyond the last stand in for themselves and are not looked at. */
        a[t] = rows + (int64_t)stride * (first + t < count ? first + t : count - 1);
        b[t] = rows + (int64_t)stride * (second + t < count ? second + t : count - 1);
      }
      double sums[TILE][TILE];
      distanceTile(a, b, columns, sums);
      for (int32_t i = first; i < first + TILE && i < count; i++) {
        for (int32_t j = second; j < second + TILE && j < count; j++) {
          if (i < j) matrix[(int64_t)i * count + j] += scale * sums[i - first][j - second];
        }
      }
    }
  }
}

/* Integers in the order of the numbers whose bits they are, and back. */
INLINE i32x16 ordered(i32x16 bits) { return bits ^ ((bits >> 31) & 0x7FFFFFFF); }

INLINE double valueOf(int32_t key) {
  int32_t bits = key ^ ((key >> 31) & 0x7FFFFFFF);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* The mean of the `keep` of ranks `low` to `high` that are nearest to the median of all; of two as
   far from it, the lower one. Keys of a column are 16 apart. */
INLINE double nearestMean(
    const int32_t *keys, int32_t count, int32_t low, int32_t high, int32_t keep) {
  double median = (valueOf(keys[16 * ((count - 1) / 2)]) + valueOf(keys[16 * (count / 2)])) / 2;
  while (high - low + 1 > keep) {
    double below = median - valueOf(keys[16 * low]), above = valueOf(keys[16 * high]) - median;
    if (below > above) low++;
    else high--;
  }
  double sum = 0;
  for (int32_t rank = low; rank <= high; rank++) sum += valueOf(keys[16 * rank]);
  return sum / keep;
}

static void ranks(const RankWork *work, double *means) {
  i32x16 *keys = work->scratch;
  for (int32_t column = 0; column < work->columns; column += 16) {
    for (int32_t row = 0; row < work->count; row++) {
      keys[row] = ordered(LOAD(i32x16, work->rows + (int64_t)row * work->stride + column));
    }
    for (int32_t c = 0; c < work->comparatorCount; c++) {
      /* In halves, as stores of 64 bytes take longer than two of 32. */
      i32x8 *low = (i32x8 *)(keys + work->comparators[2 * c]);
      i32x8 *high = (i32x8 *)(keys + work->comparators[2 * c + 1]);
      for (int half = 0; half < 2; half++) {
        i32x8 a = low[half], b = high[half];
        low[half] = __builtin_elementwise_min(a, b);
        high[half] = __builtin_elementwise_max(a, b);
      }
    }
    if (work->nearest > 0) {
      for (int32_t lane = 0; lane < 16; lane++) {
        means[column + lane] = nearestMean(
            (const int32_t *)keys + lane, work->count, work->first, work->last, work->nearest);
      }
      continue;
    }
    f64x8 low = {0}, high = {0};
    for (int32_t rank = work->first; rank <= work->last; rank++) {
      f32x16 value = (f32x16)ordered(keys[rank]);
      low += lowDoubles(value);
      high += highDoubles(value);
    }
    double count = work->last - work->first + 1;
    STORE(f64x8, means + column, low / count);
    STORE(f64x8, means + column + 8, high / count);
  }
}

static const AggregationTable aggregationTable = {
    .widen16 = widen16,
    .widen32 = widen32,
    .inspect = inspect,
    .copy = copy,
    .accumulate = accumulate,
    .distances = distances,
    .ranks = ranks,
};
