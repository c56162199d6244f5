/* Three-factor learning: sums of products, and the changes of weights by them. */

static void accumulate(const ThreeFactorWork *work, int32_t stride) {
  for (int32_t n = 0; n < work->rowCount; n++) {
    int32_t row = work->rows[n];
    int32_t *sums = work->sums + (int64_t)row * stride;
    for (int32_t j = 0; j < stride; j += 16) {
      i32x16 sum = LOAD(i32x16, sums + j);
      for (int32_t k = 0; k < work->pairs; k++) {
        i32x16 source = splat32(work->sourcePairs[(int64_t)k * work->sourceStride + row]);
        sum += products(LOAD(i32x16, work->targetPairs + (int64_t)k * stride + j), source);
      }
      STORE(i32x16, sums + j, sum);
    }
  }
}

/* Sums that products of earlier pairs came to. */
INLINE i32x16 takeSums(const ThreeFactorWork *work, int64_t at) {
  if (!work->sums) return (i32x16){0};
  i32x16 sum = LOAD(i32x16, work->sums + at);
  if (!work->keepsSums) STORE(i32x16, work->sums + at, (i32x16){0});
  return sum;
}

/* (sum * gain) >> 16, of which 32 bits are enough as |sum * gain| < 2^47. */
INLINE i32x16 scaled(i32x16 sum, int32_t gain) {
  i64x8 even = ((i64x8)((u64x8)sum << 32) >> 32) * (int64_t)gain;
  i64x8 odd = ((i64x8)sum >> 32) * (int64_t)gain;
  u64x8 low = ((u64x8)even >> 16) & UINT64_C(0xFFFFFFFF);
  u64x8 high = ((u64x8)odd << 16) & UINT64_C(0xFFFFFFFF00000000);
  return (i32x16)(low | high);
}

/* Adds what cores hold of the bits of a block, whose first segment is given; returns the next
   block's. */
INLINE const TargetSegment *tallyBlock(
    const TargetSegment *segment, const TargetSegment *end, uint32_t bits, uint64_t *counts) {
  int32_t block = segment->block;
  do {
    counts[segment->core] += (uint64_t)__builtin_popcount(bits & segment->mask);
    segment++;
  } while (segment < end && segment->block == block);
  return segment;
}

/* The same for weights that were visited and written; where one core holds all targets, in sums of
   the caller's. */
typedef struct {
  uint64_t visited, written;
} OneCore;
INLINE const TargetSegment *tallyVisits(
    int isOneCore, OneCore *sums, const TargetSegment *segment, const TargetSegment *end,
    uint32_t visited, uint32_t written, WeightTally *tally) {
  if (isOneCore) {
    sums->visited += (uint64_t)__builtin_popcount(visited);
    sums->written += (uint64_t)__builtin_popcount(written);
    return segment;
  }
  int32_t block = segment->block;
  do {
    uint32_t mask = segment->mask;
    tally->visited[segment->core] += (uint64_t)__builtin_popcount(visited & mask);
    tally->written[segment->core] += (uint64_t)__builtin_popcount(written & mask);
    segment++;
  } while (segment < end && segment->block == block);
  return segment;
}

/* Changes 32 weights, in two runs of 16, by their sums; bits of those that were due and that
   changed. Sums of 0 change nothing. */
INLINE void applySums(
    const PlasticWork *plastic, const ThreeFactorWork *work, i32x16 first, i32x16 second, u16x32 r,
    int64_t at, int64_t next, uint32_t *visited, uint32_t *written, Tally *cuts) {
  i16x32 old = join16(
      LOAD(i16x16, plastic->learning + at), LOAD(i16x16, plastic->learning + next));
  i32x16 exact0 = scaled(first, work->gain), exact1 = scaled(second, work->gain);
  if (work->weightDecay) {
    i16x32 kept = old >> plastic->learningShift;
    exact0 += (CONVERT(half16(kept, 0), i32x16) * work->weightDecay) & (first != 0);
    exact1 += (CONVERT(half16(kept, 1), i32x16) * work->weightDecay) & (second != 0);
  }
  /* (x + r) >> 16: the upper half of x and a carry from the lower one. */
  u16x32 x0 = (u16x32)exact0, x1 = (u16x32)exact1;
  u16x32 low = __builtin_shufflevector(
      x0, x1, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44,
      46, 48, 50, 52, 54, 56, 58, 60, 62);
  i16x32 high = (i16x32)__builtin_shufflevector(
      x0, x1, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45,
      47, 49, 51, 53, 55, 57, 59, 61, 63);
  i16x32 carry = (u16x32)(low + r) < low;
  i16x32 wanted;
  /* Where a difference saturates it lies beyond all bounds, as w16 does not use its whole range. */
  if (plastic->learningShift == 0) {
    wanted = __builtin_elementwise_sub_sat(old, high);
    wanted = __builtin_elementwise_add_sat(wanted, carry);
  } else {
    const u16x32 middle = (u16x32){0} + 0x8000;
    i16x32 change = __builtin_elementwise_sub_sat(high, carry);
    i16x32 isUp = change < 0;
    u16x32 size = (u16x32)((change ^ isUp) - isUp);
    u16x32 most = (u16x32){0} + (uint16_t)(65535 >> plastic->learningShift);
    size = __builtin_elementwise_min(size, most) << plastic->learningShift;
    u16x32 moved = (u16x32)old ^ middle;
    moved = __builtin_elementwise_sub_sat(moved, size & ~(u16x32)isUp);
    moved = __builtin_elementwise_add_sat(moved, size & (u16x32)isUp);
    wanted = (i16x32)(moved ^ middle);
  }
  i16x32 new = __builtin_elementwise_max(wanted, splat16((int16_t)plastic->low));
  new = __builtin_elementwise_min(new, splat16((int16_t)plastic->high));
  *cuts = tallied(*cuts, new != wanted);
  *visited = bits16(first != 0) | bits16(second != 0) << 16;
  *written = bits32(new != old);
  i8x32 view = CONVERT((new + 128) >> 8, i8x32);
  STORE(i16x16, plastic->learning + at, half16(new, 0));
  STORE(i16x16, plastic->learning + next, half16(new, 1));
  STORE(i8x16, plastic->weights + at, half8(view, 0));
  STORE(i8x16, plastic->weights + next, half8(view, 1));
}

/* Rows of 32 targets and more, 64 at a time as long as there are. */
INLINE void wideRows(
    const ThreeFactorWork *work, const PlasticWork *plastic, int isOneCore, WeightTally *tally) {
  Tally cuts = {0};
  OneCore sums = {0, 0};
  int32_t stride = plastic->stride, blocks = stride / 32;
  int32_t sinceSum = 0, rowsMax = 32767 / blocks;
  const TargetSegment *end = plastic->segments + plastic->segmentCount;
  for (int32_t n = 0; n < work->rowCount; n++) {
    int32_t row = work->rows[n];
    u64x8 z = counters(draw(work->streams, work->firstStream + (uint64_t)row));
    int64_t at = (int64_t)row * stride;
    const TargetSegment *segment = plastic->segments;
    uint32_t visited, written;
    int32_t block = 0;
    for (; block + 2 <= blocks; block += 2) {
      const int32_t *targetPairs = work->targetPairs + block * 32;
      const int32_t *sourcePairs = work->sourcePairs + row;
      i32x16 s0 = takeSums(work, at), s1 = takeSums(work, at + 16);
      i32x16 s2 = takeSums(work, at + 32), s3 = takeSums(work, at + 48);
      for (int32_t k = 0; k < work->pairs; k++) {
        i32x16 source = splat32(*sourcePairs);
        s0 += products(LOAD(i32x16, targetPairs), source);
        s1 += products(LOAD(i32x16, targetPairs + 16), source);
        s2 += products(LOAD(i32x16, targetPairs + 32), source);
        s3 += products(LOAD(i32x16, targetPairs + 48), source);
        targetPairs += stride;
        sourcePairs += work->sourceStride;
      }
      applySums(
          plastic, work, s0, s1, numbers(z), at, at + 16, &visited, &written, &cuts);
      segment = tallyVisits(isOneCore, &sums, segment, end, visited, written, tally);
      applySums(
          plastic, work, s2, s3, numbers(z + 8 * GAMMA), at + 32, at + 48, &visited,
          &written, &cuts);
      segment = tallyVisits(isOneCore, &sums, segment, end, visited, written, tally);
      z += 16 * GAMMA;
      at += 64;
    }
    if (block < blocks) {
      i32x16 first = takeSums(work, at), second = takeSums(work, at + 16);
      for (int32_t k = 0; k < work->pairs; k++) {
        i32x16 source = splat32(work->sourcePairs[(int64_t)k * work->sourceStride + row]);
        const int32_t *target = work->targetPairs + (int64_t)k * stride + block * 32;
        first += products(LOAD(i32x16, target), source);
        second += products(LOAD(i32x16, target + 16), source);
      }
      applySums(
          plastic, work, first, second, numbers(z), at, at + 16, &visited, &written, &cuts);
      tallyVisits(isOneCore, &sums, segment, end, visited, written, tally);
    }
    if (++sinceSum < rowsMax) continue;
    tally->saturations += tallySum(cuts);
    cuts = (Tally){0};
    sinceSum = 0;
  }
  tally->saturations += tallySum(cuts);
  tally->visited[0] += sums.visited;
  tally->written[0] += sums.written;
}

/* Rows of up to 16 targets, two at a time; an odd last one has the spare row beside it. */
INLINE void narrowRows(
    const ThreeFactorWork *work, const PlasticWork *plastic, int isOneCore, WeightTally *tally) {
  Tally cuts = {0};
  OneCore sums = {0, 0};
  const u64x8 places = {GAMMA, 2 * GAMMA, 3 * GAMMA, 4 * GAMMA,
                        GAMMA, 2 * GAMMA, 3 * GAMMA, 4 * GAMMA};
  const TargetSegment *segment = plastic->segments, *end = segment + plastic->segmentCount;
  for (int32_t n = 0; n < work->rowCount; n += 2) {
    int32_t isPair = n + 1 < work->rowCount;
    int32_t row = work->rows[n], other = isPair ? work->rows[n + 1] : row;
    uint64_t a = draw(work->streams, work->firstStream + (uint64_t)row);
    uint64_t b = draw(work->streams, work->firstStream + (uint64_t)other);
    i32x16 first = takeSums(work, (int64_t)row * 16);
    i32x16 second = takeSums(work, (int64_t)other * 16);
    for (int32_t k = 0; k < work->pairs; k++) {
      const int32_t *source = work->sourcePairs + (int64_t)k * work->sourceStride;
      i32x16 target = LOAD(i32x16, work->targetPairs + k * 16);
      first += products(target, splat32(source[row]));
      second += products(target, splat32(source[other]));
    }
    if (!isPair) second = (i32x16){0};
    uint32_t visited, written;
    int64_t next = (int64_t)(isPair ? other : work->spareRow) * 16;
    applySums(
        plastic, work, first, second, numbers(places + (u64x8){a, a, a, a, b, b, b, b}),
        (int64_t)row * 16, next, &visited, &written, &cuts);
    if (isOneCore) {
      tallyVisits(isOneCore, &sums, segment, end, visited, written, tally);
    } else {
      tallyVisits(0, &sums, segment, end, visited & 0xFFFF, written & 0xFFFF, tally);
      tallyVisits(0, &sums, segment, end, visited >> 16, written >> 16, tally);
    }
    if ((n & 0x7FFE) != 0x7FFE) continue;
    tally->saturations += tallySum(cuts);
    cuts = (Tally){0};
  }
  tally->saturations += tallySum(cuts);
  tally->visited[0] += sums.visited;
  tally->written[0] += sums.written;
}

static void threeFactor(
    const ThreeFactorWork *work, const PlasticWork *plastic, WeightTally *tally) {
  /* Copies, which stores to weights cannot change. */
  ThreeFactorWork ownWork = *work;
  PlasticWork ownPlastic = *plastic;
  if (plastic->coreCount == 1) {
    if (plastic->stride == 16) {
      narrowRows(&ownWork, &ownPlastic, 1, tally);
    } else {
      wideRows(&ownWork, &ownPlastic, 1, tally);
    }
  } else if (plastic->stride == 16) {
    narrowRows(&ownWork, &ownPlastic, 0, tally);
  } else {
    wideRows(&ownWork, &ownPlastic, 0, tally);
  }
}
