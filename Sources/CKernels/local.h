/* Pair STDP and SDSP: rows of presynaptic spikes, columns of postsynaptic ones. */

static void decay(int16_t *traces, int32_t count, int32_t decay, uint64_t *active) {
  Bits32 *words = (Bits32 *)active;
  for (int32_t j = 0; j < count; j += 32) {
    u16x32 trace = LOAD(u16x32, traces + j);
    words[j >> 5] = bits32((i16x32)(trace != 0));
    STORE(u16x32, traces + j, decayed16(trace, decay));
  }
}

static void leak(int16_t *activities, int32_t count, uint64_t *active) {
  Bits32 *words = (Bits32 *)active;
  for (int32_t j = 0; j < count; j += 32) {
    i16x32 activity = LOAD(i16x32, activities + j);
    i16x32 above = activity > 0;
    words[j >> 5] = bits32(above);
    STORE(i16x32, activities + j, activity + above);
  }
}

/* Moves 32 weights down and up by unsigned 16 bits each, cuts them to the bounds, and says which
   ones changed. Values saturate beyond all bounds, so cuts are seen. */
INLINE uint32_t moveWeights(
    const PlasticWork *plastic, int16_t *learning, u16x32 down, u16x32 up, Tally *cuts) {
  const u16x32 middle = (u16x32){0} + 0x8000;
  i16x32 old = LOAD(i16x32, learning);
  u16x32 moved = __builtin_elementwise_sub_sat((u16x32)old ^ middle, down);
  moved = __builtin_elementwise_add_sat(moved, up);
  i16x32 wanted = (i16x32)(moved ^ middle);
  i16x32 new = __builtin_elementwise_max(wanted, splat16((int16_t)plastic->low));
  new = __builtin_elementwise_min(new, splat16((int16_t)plastic->high));
  *cuts = tallied(*cuts, new != wanted);
  STORE(i16x32, learning, new);
  return bits32((i16x32)(new != old));
}

static int32_t strays(
    const int16_t *learning, const int16_t *deployed, int32_t count, int32_t drift) {
  i16x16 any = {0}, most = (i16x16){0} + (int16_t)drift;
  for (int32_t k = 0; k < count; k += 16) {
    i16x16 origin = LOAD(i16x16, deployed + k), weight = LOAD(i16x16, learning + k);
    any |= weight < __builtin_elementwise_sub_sat(origin, most);
    any |= weight > __builtin_elementwise_add_sat(origin, most);
  }
  return __builtin_reduce_or(any) != 0;
}

static void depress(
    const PlasticWork *shared, const int32_t *rows, int32_t count, const int16_t *traces,
    int32_t multiplier, uint64_t base, WeightTally *tally) {
  const PlasticWork own = *shared, *plastic = &own;
  const TargetSegment *end = own.segments + own.segmentCount;
  int32_t stride = own.stride, shift = plastic->learningShift;
  u16x32 factor = (u16x32){0} + (uint16_t)multiplier;
  u16x32 most = (u16x32){0} + (uint16_t)(65535 >> shift);
  for (int32_t n = 0; n < count; n++) {
    u64x8 z = counters(draw(base, (uint64_t)rows[n]));
    Tally cuts = {0};
    const TargetSegment *segment = own.segments;
    for (int32_t j = 0; j < stride; j += 32) {
      u16x32 trace = LOAD(u16x32, traces + j);
      u16x32 low = trace * factor;
      u16x32 sum = low + numbers(z);
      u16x32 change = high16(trace, factor) - (u16x32)(sum < low);
      z += 8 * GAMMA;
      u16x32 down = __builtin_elementwise_min(change, most) << shift;
      uint32_t written = moveWeights(
          plastic, plastic->learning + (int64_t)rows[n] * stride + j, down, (u16x32){0}, &cuts);
      segment = tallyBlock(segment, end, written, tally->written);
    }
    tally->saturations += tallySum(cuts);
  }
}

/* One stage of a transposition of 32 x 32 bits, rows of which are lanes of two vectors: bits
   `distance` apart change places with those of rows that are as far apart. */
#define STAGE(x, distance, mask)                                                                \
  do {                                                                                          \
    u32x16 other = __builtin_shufflevector(                                                     \
        x, x, 0 ^ distance, 1 ^ distance, 2 ^ distance, 3 ^ distance, 4 ^ distance,             \
        5 ^ distance, 6 ^ distance, 7 ^ distance, 8 ^ distance, 9 ^ distance, 10 ^ distance,    \
        11 ^ distance, 12 ^ distance, 13 ^ distance, 14 ^ distance, 15 ^ distance);             \
    u32x16 upper = (u32x16)((lanes & distance) != 0), kept = upper ^ mask;                      \
    u32x16 moved = (upper & (other >> distance)) | (~upper & (other << distance));              \
    x = (x & kept) | (moved & ~kept);                                                           \
  } while (0)

/* Bit j of rows[i] becomes bit i of rows[j]. */
INLINE void transposeBits(uint32_t *rows) {
  const u32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  u32x16 low = LOAD(u32x16, rows), high = LOAD(u32x16, rows + 16);
  u32x16 a = (low & 0xFFFF) | (high << 16);
  u32x16 b = (low >> 16) | (high & 0xFFFF0000);
  STAGE(a, 8, 0x00FF00FF);
  STAGE(b, 8, 0x00FF00FF);
  STAGE(a, 4, 0x0F0F0F0F);
  STAGE(b, 4, 0x0F0F0F0F);
  STAGE(a, 2, 0x33333333);
  STAGE(b, 2, 0x33333333);
  STAGE(a, 1, 0x55555555);
  STAGE(b, 1, 0x55555555);
  STORE(u32x16, rows, a);
  STORE(u32x16, rows + 16, b);
}

/* Changes the weights of 32 rows at the columns of one block; returns how many it wrote, unless
   several cores share the block and the tally has them. A row's change is one of two neighbouring
   steps, and `carries` says which of its columns take the upper one. */
INLINE uint64_t raiseRows(
    const PlasticWork *plastic, int32_t firstRow, int32_t block, uint32_t columns, uint32_t due,
    const int16_t *changes, const uint32_t *carries, const TargetSegment *segment,
    const TargetSegment *end, WeightTally *tally) {
  const u16x32 none = {0};
  i16x32 chosen = lanes32(columns);
  Tally cuts = {0};
  uint64_t sum = 0;
  int32_t shift = plastic->learningShift;
  u16x32 most = (u16x32){0} + (uint16_t)(65535 >> shift);
  int16_t *learning = plastic->learning + (int64_t)firstRow * plastic->stride + block * 32;
  for (int row = 0; row < 32; row++, learning += plastic->stride) {
    int16_t change = changes[row];
    if (!(due >> row & 1) || (change == 0 && carries[row] == 0)) continue;
    i16x32 carry = lanes32(carries[row]);
    uint32_t written;
    if (change >= 0) {
      u16x32 size = (u16x32)((splat16(change) - carry) & chosen);
      u16x32 up = __builtin_elementwise_min(size, most) << shift;
      written = moveWeights(plastic, learning, none, up, &cuts);
    } else {
      u16x32 size = (u16x32)((splat16((int16_t)-change) + carry) & chosen);
      u16x32 down = __builtin_elementwise_min(size, most) << shift;
      written = moveWeights(plastic, learning, down, none, &cuts);
    }
    if (segment + 1 == end) {
      sum += (uint64_t)__builtin_popcount(written);
      continue;
    }
    for (const TargetSegment *part = segment; part < end; part++) {
      tally->written[part->core] += (uint64_t)__builtin_popcount(written & part->mask);
    }
  }
  tally->saturations += tallySum(cuts);
  return sum;
}

static void potentiate(
    const PlasticWork *shared, const ColumnWork *work, WeightTally *tally) {
  /* A copy, which stores to weights cannot change. */
  const PlasticWork own = *shared, *plastic = &own;
  u16x32 factor = (u16x32){0} + (uint16_t)work->multiplier;
  for (int32_t n = 0; n < work->columnCount; n++) {
    work->streams[n] = draw(work->base, (uint64_t)work->columns[n]);
  }
  for (int32_t row = 0; row < work->sources; row += 32) {
    i16x32 trace = LOAD(i16x32, work->traces + row) - (int16_t)work->offset;
    u16x32 low = (u16x32)trace * factor;
    /* The upper half of a signed product is that of the unsigned one less the factor. */
    u16x32 high = high16((u16x32)trace, factor) - (factor & (u16x32)(trace < 0));
    uint32_t due = bits32((i16x32)((high | low) != 0));
    if (work->sources - row < 32) due &= (1u << (work->sources - row)) - 1;
    if (due == 0) continue;
    int16_t changes[32];
    STORE(u16x32, changes, high);
    const TargetSegment *segment = own.segments, *end = segment + own.segmentCount;
    for (int32_t n = 0; n < work->columnCount;) {
      int32_t block = work->columns[n] >> 5;
      uint32_t columns = 0, carries[32] = {0};
      for (; n < work->columnCount && work->columns[n] >> 5 == block; n++) {
        uint64_t stream = work->streams[n] + (uint64_t)(row >> 5) * (8 * GAMMA);
        columns |= 1u << (work->columns[n] & 31);
        carries[work->columns[n] & 31] =
            bits32((i16x32)((u16x32)(low + numbers(counters(stream))) < low));
      }
      transposeBits(carries);
      while (segment->block < block) segment++;
      const TargetSegment *next = segment;
      while (next < end && next->block == block) next++;
      uint64_t written = raiseRows(
          plastic, row, block, columns, due, changes, carries, segment, next, tally);
      tally->written[segment->core] += written;
    }
  }
}

/* limits: potential, activityMin, activityMaxUp, activityMaxDown. */
static void directions(
    const int32_t *restrict potentials, const int16_t *restrict activities, int32_t count,
    const int32_t limits[4], int16_t *restrict directions) {
  for (int32_t j = 0; j < count; j++) {
    int32_t activity = activities[j];
    int32_t isUp = potentials[j] >= limits[0];
    int32_t end = isUp ? limits[2] : limits[3];
    int32_t moves = activity >= limits[1] && activity < end;
    directions[j] = (int16_t)(moves ? (isUp ? 1 : -1) : 0);
  }
}

static void drive(
    const PlasticWork *shared, const int32_t *rows, int32_t count, const int16_t *directions,
    int32_t probability, uint64_t base, WeightTally *tally) {
  if (probability == 0) return;
  const PlasticWork own = *shared, *plastic = &own;
  const TargetSegment *end = own.segments + own.segmentCount;
  int32_t stride = own.stride;
  u16x32 step = (u16x32){0} + (uint16_t)(1 << plastic->learningShift);
  u16x32 last = (u16x32){0} + (uint16_t)(probability - 1);
  for (int32_t n = 0; n < count; n++) {
    u64x8 z = counters(draw(base, (uint64_t)rows[n]));
    Tally cuts = {0};
    const TargetSegment *segment = own.segments;
    for (int32_t j = 0; j < stride; j += 32) {
      i16x32 direction = LOAD(i16x32, directions + j);
      u16x32 due = step & (u16x32)(numbers(z) <= last);
      z += 8 * GAMMA;
      u16x32 down = due & (u16x32)(direction < 0), up = due & (u16x32)(direction > 0);
      uint32_t written = moveWeights(
          plastic, plastic->learning + (int64_t)rows[n] * stride + j, down, up, &cuts);
      segment = tallyBlock(segment, end, written, tally->written);
    }
    tally->saturations += tallySum(cuts);
  }
}
