/* Learning rules that are data: sums of products, interpreted 32 synapses at a time. */

static void fade(int16_t *traces, int32_t count, int32_t shift, uint64_t *active) {
  Bits32 *words = (Bits32 *)active;
  for (int32_t j = 0; j < count; j += 32) {
    i16x32 trace = LOAD(i16x32, traces + j);
    i16x32 alive = trace > 0;
    words[j >> 5] = bits32(alive);
    i16x32 fall = __builtin_elementwise_max(trace >> (int16_t)shift, splat16(1)) & alive;
    STORE(i16x32, traces + j, trace - fall);
  }
}

static void window(
    const int16_t *restrict counters, int32_t count, int32_t impulse, int16_t *restrict values) {
  for (int32_t j = 0; j < count; j += 32) {
    i16x32 isOpen = LOAD(i16x32, counters + j) > 0;
    STORE(i16x32, values + j, isOpen & splat16((int16_t)impulse));
  }
}

/* A term along a line: what is one number for the line is in the coefficient. */
typedef struct {
  int64_t coefficient;
  int32_t shift, changesTag, count;
  int32_t offsets[6];
  const int16_t *lanes[6]; /* by lane from the line's first one on; weights and tags lie in a part */
  int32_t isPart[6];
} LineTerm;

/* 32 synapses of a line. */
typedef struct {
  int16_t weights[32], tags[32];
} LinePart;

INLINE int32_t lineTerms(
    const ProgramWork *work, int isRow, int32_t line, const LinePart *part, LineTerm *terms) {
  const int16_t *const values[7] = {
      work->x0, work->x1, work->x2, work->y0, work->y1, work->y2, work->y3};
  int32_t count = 0;
  for (int32_t n = 0; n < work->termCount; n++) {
    const ProgramTerm *from = work->terms + n;
    LineTerm *term = terms + count;
    int isLeft = from->shift < 0;
    term->coefficient = (int64_t)from->mantissa * (1ll << (isLeft ? -from->shift : 0));
    term->shift = isLeft ? 0 : from->shift;
    term->changesTag = from->changesTag;
    term->count = 0;
    for (int32_t k = 0; k < from->factorCount; k++) {
      ProgramFactor factor = work->factors[from->firstFactor + k];
      int isSource = factor.variable <= PROGRAM_X2;
      if (factor.variable == PROGRAM_R) {
        term->coefficient *= work->reward + factor.offset;
      } else if (factor.variable < PROGRAM_W && isSource == isRow) {
        term->coefficient *= values[factor.variable][line] + factor.offset;
      } else {
        int isPart = factor.variable >= PROGRAM_W;
        term->offsets[term->count] = factor.offset;
        term->isPart[term->count] = isPart;
        term->lanes[term->count] = factor.variable == PROGRAM_W   ? part->weights
                                   : factor.variable == PROGRAM_T ? part->tags
                                                                  : values[factor.variable];
        term->count++;
      }
    }
    count += term->coefficient != 0;
  }
  return count;
}

/* Steps of 32 synapses: the terms of the weights or of the tags, rounded once. */
INLINE void lineSteps(
    const LineTerm *terms, int32_t count, int32_t ofTags, int32_t at, int takes, u64x8 counters,
    i64x8 steps[4]) {
  i64x8 sums[4] = {{0}, {0}, {0}, {0}};
  for (int32_t n = 0; n < count; n++) {
    const LineTerm *term = terms + n;
    if (term->changesTag != ofTags) continue;
    i64x8 products[4];
    for (int k = 0; k < 4; k++) products[k] = (i64x8)splat64((uint64_t)term->coefficient);
    for (int32_t f = 0; f < term->count; f++) {
      const int16_t *lanes = term->lanes[f] + (term->isPart[f] ? 0 : at);
      for (int k = 0; k < 4; k++) {
        i64x8 lane = CONVERT(LOAD(i16x8, lanes + 8 * k), i64x8);
        products[k] *= lane + (int64_t)term->offsets[f];
      }
    }
    for (int k = 0; k < 4; k++) sums[k] += products[k] >> (int64_t)term->shift;
  }
  uint16_t random[32];
  STORE(u16x32, random, numbers(counters));
  for (int k = 0; k < 4; k++) {
    i64x8 r = CONVERT(LOAD(u16x8, random + 8 * k), i64x8);
    steps[k] = takes ? -((r - sums[k]) >> 16) : (sums[k] + r) >> 16;
  }
}

/* Adds steps to 32 values within bounds; bits of those that changed and of those that were cut. */
INLINE void moveLine(
    int16_t *values, const i64x8 steps[4], int64_t step, int64_t low, int64_t high,
    uint32_t *changed, uint32_t *cut) {
  int16_t isChanged[32], isCut[32];
  i64x8 lowest = (i64x8)splat64((uint64_t)low), highest = (i64x8)splat64((uint64_t)high);
  for (int k = 0; k < 4; k++) {
    i64x8 old = CONVERT(LOAD(i16x8, values + 8 * k), i64x8);
    i64x8 wanted = old + steps[k] * step;
    i64x8 new = __builtin_elementwise_max(wanted, lowest);
    new = __builtin_elementwise_min(new, highest);
    STORE(i16x8, isChanged + 8 * k, CONVERT(new != old, i16x8));
    STORE(i16x8, isCut + 8 * k, CONVERT(new != wanted, i16x8));
    STORE(i16x8, values + 8 * k, CONVERT(new, i16x8));
  }
  *changed = bits32(LOAD(i16x32, isChanged));
  *cut = bits32(LOAD(i16x32, isCut));
}

/* What visits of a line change. */
typedef struct {
  int hasWeights, hasTags;
} LineKinds;

INLINE LineKinds lineKinds(const ProgramWork *work) {
  LineKinds kinds = {0, 0};
  for (int32_t n = 0; n < work->termCount; n++) {
    if (work->terms[n].changesTag) kinds.hasTags = 1;
    else kinds.hasWeights = 1;
  }
  return kinds;
}

/* One visit of 32 synapses: the tag, then the weight, which sees the new tag. */
INLINE uint64_t visitPart(
    const ProgramWork *work, const PlasticWork *plastic, LineKinds kinds, const LineTerm *terms,
    int32_t count, LinePart *part, int32_t at, u64x8 ofWeights, u64x8 ofTags, uint32_t valid,
    uint32_t *written, uint32_t *tagged) {
  i64x8 steps[4];
  uint32_t cut, cutTags = 0;
  *written = *tagged = cut = 0;
  if (kinds.hasTags) {
    lineSteps(terms, count, 1, at, work->takes, ofTags, steps);
    moveLine(part->tags, steps, 1, -32767, 32767, tagged, &cutTags);
    *tagged &= valid;
  }
  if (kinds.hasWeights) {
    lineSteps(terms, count, 0, at, work->takes, ofWeights, steps);
    moveLine(part->weights, steps, work->step, plastic->low, plastic->high, written, &cut);
    *written &= valid;
  }
  return (uint64_t)(__builtin_popcount(cut & valid) + __builtin_popcount(cutTags & valid));
}

static void visitRows(const ProgramWork *shared, const PlasticWork *sharedPlastic,
                      WeightTally *tally) {
  const ProgramWork own = *shared, *work = &own;
  const PlasticWork ownPlastic = *sharedPlastic, *plastic = &ownPlastic;
  const TargetSegment *end = plastic->segments + plastic->segmentCount;
  LineKinds kinds = lineKinds(work);
  LineTerm terms[16];
  LinePart part = {{0}, {0}};
  for (int32_t n = 0; n < work->lineCount; n++) {
    int32_t row = work->lines[n];
    int32_t count = lineTerms(work, 1, row, &part, terms);
    u64x8 ofWeights = counters(draw(work->base, (uint64_t)row));
    u64x8 ofTags = counters(draw(work->tagBase, (uint64_t)row));
    const TargetSegment *segment = plastic->segments;
    for (int32_t at = 0; at < work->length; at += 32) {
      int64_t place = (int64_t)row * plastic->stride + at;
      int32_t left = work->length - at;
      uint32_t valid = left < 32 ? (1u << left) - 1 : ~0u, written, tagged;
      memcpy(part.weights, plastic->learning + place, sizeof part.weights);
      if (work->tags) memcpy(part.tags, work->tags + place, sizeof part.tags);
      tally->saturations += visitPart(
          work, plastic, kinds, terms, count, &part, at, ofWeights, ofTags, valid, &written,
          &tagged);
      if (kinds.hasWeights) {
        memcpy(plastic->learning + place, part.weights, sizeof part.weights);
      }
      if (kinds.hasTags) memcpy(work->tags + place, part.tags, sizeof part.tags);
      tallyBlock(segment, end, tagged, tally->written);
      segment = tallyBlock(segment, end, written, tally->written);
      ofWeights += 8 * GAMMA;
      ofTags += 8 * GAMMA;
    }
  }
}

static void visitColumns(const ProgramWork *shared, const PlasticWork *sharedPlastic,
                         WeightTally *tally) {
  const ProgramWork own = *shared, *work = &own;
  const PlasticWork ownPlastic = *sharedPlastic, *plastic = &ownPlastic;
  LineKinds kinds = lineKinds(work);
  LineTerm terms[16];
  LinePart part = {{0}, {0}};
  for (int32_t at = 0; at < work->length; at += 32) {
    int32_t left = work->length - at, lanes = left < 32 ? left : 32;
    uint32_t valid = left < 32 ? (1u << left) - 1 : ~0u;
    uint64_t skipped = (uint64_t)(at / 32) * (8 * GAMMA);
    const TargetSegment *segment = plastic->segments;
    for (int32_t n = 0; n < work->lineCount; n++) {
      int32_t column = work->lines[n];
      int32_t count = lineTerms(work, 0, column, &part, terms);
      int64_t place = (int64_t)at * plastic->stride + column;
      for (int32_t k = 0; k < lanes; k++) {
        part.weights[k] = plastic->learning[place + (int64_t)k * plastic->stride];
      }
      for (int32_t k = 0; work->tags && k < lanes; k++) {
        part.tags[k] = work->tags[place + (int64_t)k * plastic->stride];
      }
      u64x8 ofWeights = counters(draw(work->base, (uint64_t)column) + skipped);
      u64x8 ofTags = counters(draw(work->tagBase, (uint64_t)column) + skipped);
      uint32_t written, tagged;
      tally->saturations += visitPart(
          work, plastic, kinds, terms, count, &part, at, ofWeights, ofTags, valid, &written,
          &tagged);
      for (uint32_t rest = written; rest != 0; rest &= rest - 1) {
        int k = __builtin_ctz(rest);
        plastic->learning[place + (int64_t)k * plastic->stride] = part.weights[k];
      }
      for (uint32_t rest = tagged; rest != 0; rest &= rest - 1) {
        int k = __builtin_ctz(rest);
        work->tags[place + (int64_t)k * plastic->stride] = part.tags[k];
      }
      while (segment->block < column >> 5 || !(segment->mask >> (column & 31) & 1)) segment++;
      tally->written[segment->core] +=
          (uint64_t)(__builtin_popcount(written) + __builtin_popcount(tagged));
    }
  }
}
