/* Three-factor learning: traces, errors and signals of a step. */

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
    const int16_t *before = work->secondDecay ? work->first : work->before;
    u16x32 wanted = decayed16(LOAD(u16x32, before + i), work->decay) + rise;
    u16x32 trace = __builtin_elementwise_min(wanted, (u16x32){0} + 32767);
    tally.saturations += (uint64_t)__builtin_popcount(bits32((i16x32)(trace != wanted)));
    if (work->secondDecay) {
      STORE(u16x32, work->first + i, trace);
      wanted = decayed16(LOAD(u16x32, work->before + i), work->secondDecay) + trace;
      trace = __builtin_elementwise_min(wanted, (u16x32){0} + 32767);
      tally.saturations += (uint64_t)__builtin_popcount(bits32((i16x32)(trace != wanted)));
    }
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
    i32x16 before = LOAD(i32x16, work->psiTraces + j);
    i32x16 wanted = decayed(before, work->postDecay) + psi;
    i32x16 trace = min32(wanted, splat32(32767));
    cuts += (trace != wanted) & valid;
    STORE(i32x16, work->psiTraces + j, trace);
    i32x16 met = work->readsBefore ? before : trace;
    i32x16 post =
        signal(error, met, work->postFactor, work->signalShift, work->signalLimit, &cuts);
    storeSignal(post, j, work->post, work->postActive);
  }
  return (uint64_t)-(int64_t)__builtin_reduce_add(cuts);
}

static void regulate(const RateWork *work) {
  for (int32_t j = 0; j < work->count; j += 16) {
    i16x32 lanes = lanes32(((const Bits16 *)work->spikes)[j >> 4]);
    i32x16 spiked = CONVERT(half16(lanes, 0), i32x16);
    i32x16 count = LOAD(i32x16, work->counts + j) - spiked;
    STORE(i32x16, work->counts + j, count);
    i32x16 surplus = (count << 8) - work->target;
    i32x16 error = LOAD(i32x16, work->errors + j);
    STORE(i32x16, work->errors + j, error + ((surplus * work->factor) >> work->shift));
  }
}

static void eligibility(const EligibilityWork *work) {
  int32_t stride = work->stride, isSilent = 1;
  for (int32_t j = 0; j < stride; j += 16) {
    i32x16 share = (LOAD(i32x16, work->psi + j) * work->factor) >> 8;
    STORE(i32x16, work->parts + j, (work->decay - share) | share << 16);
    isSilent &= bits16(CONVERT(LOAD(i16x16, work->signals + j), i32x16) != 0) == 0;
  }
  for (int32_t n = 0; n < work->rowCount; n++) {
    int64_t at = (int64_t)work->rows[n] * stride;
    i32x16 trace = splat32(work->traces[work->rows[n]]);
    for (int32_t j = 0; j < stride; j += 16) {
      i32x16 taken = CONVERT(LOAD(i16x16, work->eligibility + at + j), i32x16);
      if (!isSilent) {
        i32x16 signal = CONVERT(LOAD(i16x16, work->signals + j), i32x16);
        i32x16 sum = LOAD(i32x16, work->sums + at + j);
        /* Two factors of 16 bits each, so that the upper ones make no difference. */
        sum += products(signal & 0xFFFF, trace - taken);
        STORE(i32x16, work->sums + at + j, sum);
      }
      i32x16 next = products(taken | trace << 16, LOAD(i32x16, work->parts + j)) >> 12;
      STORE(i16x16, work->eligibility + at + j, CONVERT(next, i16x16));
    }
  }
}
