#ifndef AGGREGATION_KERNELS_H
#define AGGREGATION_KERNELS_H

#include <stdint.h>

/* The inner loops of merging updates. Additions and products come in the order that is stated
   here and are never fused, so that every level gives the same bits. */

/* Columns of a matrix, each sorted by itself. */
typedef struct {
  const float *rows; /* [count][stride], finite */
  int32_t stride;    /* from row to row, a multiple of 16 */
  int32_t count;     /* rows, at most 65535 */
  int32_t columns;   /* a multiple of 16, at most stride */
  const uint16_t *comparators; /* pairs of rows, lower first, of a network that sorts */
  int32_t comparatorCount;
  int32_t first, last; /* ranks whose mean is asked for, from 0 */
  int32_t nearest;     /* above 0: the mean of so many of those ranks, nearest to the median */
  void *scratch;       /* 64 bytes for each row, on a boundary of 64 */
} RankWork;

/* What a row of float32 holds. */
typedef struct {
  /* Sum of squares in float64: element k goes to lane k % 8, and lanes are summed as
     ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). */
  double squares;
  /* Bits of the largest magnitude; of infinity or more where an element is not finite. */
  uint32_t peak;
} RowFacts;

typedef struct {
  /* Whole steps as float32, exact up to 2^24; `in` may lie at any address. */
  void (*widen16)(const void *in, int32_t count, float *out);
  void (*widen32)(const void *in, int32_t count, float *out);

  /* Looks at float32 at any address. */
  RowFacts (*inspect)(const void *row, int32_t count);

  /* The same, and copies them; `out`, which may be the row itself, has room for a multiple of 8,
     and zeros come after the last. */
  RowFacts (*copy)(const void *row, int32_t count, float *out);

  /* Looks at them, and sums[k] += coefficient * row[k] in float64; `sums` has room for a multiple
     of 8. */
  RowFacts (*accumulate)(const void *row, double coefficient, int32_t count, double *sums);

  /* matrix[i * count + j] += scale * the squared distance of rows i < j.
     Column k goes to lane k % 16, in float32; lanes are then summed in float64, first 8 apart,
     then as those of squares are. `columns` is a multiple of 16, at most 1024; rows are aligned to
     64 bytes. */
  void (*distances)(
      const float *rows, int32_t stride, int32_t count, int32_t columns, double scale,
      double *matrix);

  /* means[k] of a column's ranks, summed from the lowest up in float64. */
  void (*ranks)(const RankWork *work, double *means);
} AggregationTable;

/* The kernels of a level, null where this machine lacks its instructions. */
const AggregationTable *aggregation_portable(void);
const AggregationTable *aggregation_avx2(void);
const AggregationTable *aggregation_avx512(void);

#endif
