/* Three-factor learning: traces and signals by step, weights at the end of a sample. */

/* (x * decay) >> 12 of values from 0 to 32767. */
INLINE u16x32 decayed16(u16x32 x, int32_t decay) {
  if (decay >= 4096) return x;
  return high16(x, (u16x32){0} + (uint16_t)(decay << 4));
}

static void judge(const ErrorWork *work) {
  int32_t largest = work->potentials[0];
  for (int32_t k = 1; k < work->classes; k++) {
    largest = work->potentials[k] > largest ? work->potentials[k] : largest;
  }
  int32_t shift = work->logitShift;
  int64_t half = shift > 0 ? 1ll << (shift - 1) : 0;
  /* Powers are at most 2^16, so that sums of 1024 classes and their shifts fit 32 bits. */
  uint32_t sum = 0;
  for (int32_t k = 0; k < work->classes; k++) {
    int64_t distance = (int64_t)(largest - work->potentials[k]) * work->logitMultiplier;
    int64_t logit = (distance + half) >> shift, whole = logit >> 4;
    int32_t power = whole < 17 ? ((32 - (int32_t)(logit & 15)) << 11) >> whole : 0;
    work->powers[k] = power;
    sum += (uint32_t)power;
  }
  for (int32_t k = 0; k < work->classes; k++) {
    work->errors[k] = (int32_t)((((uint32_t)work->powers[k] << 8) + (sum >> 1)) / sum);
  }
  work->errors[work->label] -= 256;
  /* Errors beyond the last class are 0. */
  for (int32_t k = 0; k < work->classes; k += 2) {
    uint32_t high = (uint32_t)work->errors[k + 1] << 16;
    work->pairs[k / 2] = (int32_t)(((uint32_t)work->errors[k] & 0xFFFF) | high);
  }
}

static TraceTally traces(const TraceWork *work) {
  TraceTally tally = {0};
  u16x32 impulse = (u16x32){0} + (uint16_t)work->impulse;
  const Bits32 *x = (const Bits32 *)work->x;
  Bits32 *traced = (Bits32 *)work->traced, *active = (Bits32 *)work->active;
  for (int32_t i = 0; i < work->count; i += 32) {
    uint32_t spiked = x[i >> 5];
    uint32_t known = traced[i >> 5] | spiked;
    /* Nothing has come yet: all is at zero. */
    if (known == 0) continue;
    traced[i >> 5] = known;
    tally.traced += __builtin_popcount(known);
    u16x32 rise = impulse & (u16x32)lanes32(spiked);
    u16x32 wanted = decayed16(LOAD(u16x32, work->before + i), work->decay) + rise;
    u16x32 trace = __builtin_elementwise_min(wanted, (u16x32){0} + 32767);
    tally.saturations += (uint64_t)__builtin_popcount(bits32((i16x32)(trace != wanted)));
    uint32_t alive = bits32((i16x32)(trace != 0));
    active[i >> 5] = alive;
    tally.active += __builtin_popcount(alive);
    STORE(u16x32, work->after + i, trace);
    if (work->rises) STORE(u16x32, work->rises + i, rise);
  }
  return tally;
}

static void pair(const int16_t *first, const int16_t *second, int32_t count, int32_t *pairs) {
  for (int32_t k = 0; k < count; k += 16) {
    u32x16 low = CONVERT(LOAD(u16x16, first + k), u32x16);
    u32x16 high = CONVERT(LOAD(u16x16, second + k), u32x16);
    STORE(u32x16, pairs + k, low | high << 16);
  }
}

static void mirror(
    const int8_t *weights, int32_t stride, int32_t rows, int32_t classes, int32_t *mirror,
    int32_t mirrorStride) {
  /* Rows are padded with zeros to 16 classes. */
  for (int32_t row = 0; row < rows; row++) {
    const int8_t *own = weights + (int64_t)row * stride;
    for (int32_t class = 0; class < classes; class += 16) {
      i32x8 pairs = (i32x8)CONVERT(LOAD(i8x16, own + class), i16x16);
      int32_t left = (classes - class + 1) / 2;
      int32_t *place = mirror + (int64_t)(class / 2) * mirrorStride + row;
      for (int32_t k = 0; k < 8 && k < left; k++) place[(int64_t)k * mirrorStride] = pairs[k];
    }
  }
}

static void feedback(
    const int32_t *mirror, int32_t mirrorStride, const int32_t *errorPairs, int32_t pairs,
    int32_t count, int32_t *errors) {
  for (int32_t j = 0; j < count; j += 16) {
    i32x16 sum = {0};
    for (int32_t k = 0; k < pairs; k++) {
      sum += products(
          LOAD(i32x16, mirror + (int64_t)k * mirrorStride + j), splat32(errorPairs[k]));
    }
    STORE(i32x16, errors + j, sum);
  }
}

/* round(error * psi * factor / 2^shift), half away from zero, clipped; cuts are counted. The error
   times the factor fits 32 bits: 1024 classes times 127 bound the one, 256 the other. */
INLINE i32x16 signal(
    i32x16 error, i32x16 psi, int32_t factor, int32_t shift, int32_t limit, i32x16 *cuts) {
  i32x16 scaled = error * factor;
  u64x8 half = splat64(shift > 0 ? 1ull << (shift - 1) : 0);
  i64x8 even = ((i64x8)((u64x8)scaled << 32) >> 32) * ((i64x8)((u64x8)psi << 32) >> 32);
  i64x8 odd = ((i64x8)scaled >> 32) * ((i64x8)psi >> 32);
  u64x8 low = ((u64x8)__builtin_elementwise_abs(even) + half) >> (uint64_t)shift;
  u64x8 high = ((u64x8)__builtin_elementwise_abs(odd) + half) >> (uint64_t)shift;
  /* What does not fit 32 bits is above all limits. */
  const u64x8 most = splat64(INT32_MAX);
  low = __builtin_elementwise_min(low, most);
  high = __builtin_elementwise_min(high, most);
  i32x16 size = (i32x16)(low | high << 32);
  i32x16 cut = min32(size, splat32(limit));
  *cuts += cut != size;
  i32x16 sign = (scaled ^ psi) >> 31;
  return (cut ^ sign) - sign;
}

INLINE void storeSignal(i32x16 signal, int32_t j, int16_t *signals, uint64_t *active) {
  STORE(i16x16, signals + j, CONVERT(signal, i16x16));
  ((Bits16 *)active)[j >> 4] = (uint16_t)bits16(signal != 0);
}

static uint64_t signals(const SignalWork *work) {
  i32x16 cuts = {0};
  for (int32_t j = 0; j < work->count; j += 16) {
    i32x16 error = LOAD(i32x16, work->errors + j);
    i32x16 psi = work->psi ? LOAD(i32x16, work->psi + j) : splat32(256);
    i32x16 pre =
        signal(error, psi, work->preFactor, work->signalShift, work->signalLimit, &cuts);
    storeSignal(pre, j, work->pre, work->preActive);
    if (work->postFactor == 0) continue;
    i32x16 valid = (i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + j
                   < work->count;
    i32x16 wanted = decayed(LOAD(i32x16, work->psiTraces + j), work->postDecay) + psi;
    i32x16 trace = min32(wanted, splat32(32767));
    cuts += (trace != wanted) & valid;
    STORE(i32x16, work->psiTraces + j, trace);
    i32x16 post =
        signal(error, trace, work->postFactor, work->signalShift, work->signalLimit, &cuts);
    storeSignal(post, j, work->post, work->postActive);
  }
  return (uint64_t)-(int64_t)__builtin_reduce_add(cuts);
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
    const PlasticWork *plastic, int32_t gain, i32x16 first, i32x16 second, u16x32 r, int64_t at,
    int64_t next, uint32_t *visited, uint32_t *written, Tally *cuts) {
  /* (x + r) >> 16: the upper half of x and a carry from the lower one. */
  u16x32 x0 = (u16x32)scaled(first, gain), x1 = (u16x32)scaled(second, gain);
  u16x32 low = __builtin_shufflevector(
      x0, x1, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44,
      46, 48, 50, 52, 54, 56, 58, 60, 62);
  i16x32 high = (i16x32)__builtin_shufflevector(
      x0, x1, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43, 45,
      47, 49, 51, 53, 55, 57, 59, 61, 63);
  i16x32 carry = (u16x32)(low + r) < low;
  i16x32 old = join16(
      LOAD(i16x16, plastic->learning + at), LOAD(i16x16, plastic->learning + next));
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
      i32x16 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
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
          plastic, work->gain, s0, s1, numbers(z), at, at + 16, &visited, &written, &cuts);
      segment = tallyVisits(isOneCore, &sums, segment, end, visited, written, tally);
      applySums(
          plastic, work->gain, s2, s3, numbers(z + 8 * GAMMA), at + 32, at + 48, &visited,
          &written, &cuts);
      segment = tallyVisits(isOneCore, &sums, segment, end, visited, written, tally);
      z += 16 * GAMMA;
      at += 64;
    }
    if (block < blocks) {
      i32x16 first = {0}, second = {0};
      for (int32_t k = 0; k < work->pairs; k++) {
        i32x16 source = splat32(work->sourcePairs[(int64_t)k * work->sourceStride + row]);
        const int32_t *target = work->targetPairs + (int64_t)k * stride + block * 32;
        first += products(LOAD(i32x16, target), source);
        second += products(LOAD(i32x16, target + 16), source);
      }
      applySums(
          plastic, work->gain, first, second, numbers(z), at, at + 16, &visited, &written, &cuts);
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
    i32x16 first = {0}, second = {0};
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
        plastic, work->gain, first, second, numbers(places + (u64x8){a, a, a, a, b, b, b, b}),
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
