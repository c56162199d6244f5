/* Winner-take-all, and what happens to thresholds and weights at the end of a sample. */

/* Of the candidates in `spikes` only the one with the largest excess fires, the lowest of several;
   all others lose. Returns the winner, -1 where there is no candidate. */
static int32_t compete(const NeuronWork *work, uint64_t *saturations) {
  const i32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  int32_t winner = -1, best = 0;
  for (int32_t word = 0; word * 64 < work->count; word++) {
    for (uint64_t rest = work->spikes[word]; rest != 0; rest &= rest - 1) {
      int32_t j = word * 64 + __builtin_ctzll(rest);
      if (work->excess[j] <= best) continue;
      best = work->excess[j];
      winner = j;
    }
    work->spikes[word] = 0;
  }
  if (winner < 0) return winner;
  work->spikes[winner >> 6] = UINT64_C(1) << (winner & 63);
  int32_t v = work->potentials[winner];
  if (work->reset == RESET_SOFT) {
    v -= *parameter(work->threshold, work->thresholdShared, winner);
  } else if (work->reset == RESET_HARD) {
    v = *parameter(work->resetPotential, work->resetShared, winner);
  }
  WideTally tally = {0};
  for (int32_t j = 0; j < work->count; j += 16) {
    i32x16 loses = (lanes < splat32(work->count - j)) & (lanes != splat32(winner - j));
    i32x16 exact = LOAD(i32x16, work->potentials + j) - (splat32(work->inhibition) & loses);
    i32x16 kept = clip32(exact, work->limit);
    tally = tallied32(tally, (kept != exact) & loses);
    STORE(i32x16, work->potentials + j, kept);
  }
  work->potentials[winner] = v;
  *saturations += wideTallySum(tally);
  if (work->flags & NEURONS_REFRACTORY) work->refractoryLeft[winner] = work->refractorySteps;
  if (work->flags & NEURONS_ADAPTIVE) {
    int32_t wanted =
        work->rises[winner] + *parameter(work->impulse, work->impulseShared, winner);
    work->rises[winner] = wanted < work->limit ? wanted : work->limit;
    *saturations += wanted > work->limit;
  }
  return winner;
}

/* Rises lose a share, rounded at random; bits say which were not 0 before. */
static void relax(
    int16_t *rises, int32_t count, int32_t decay, uint64_t stream, uint64_t *active) {
  for (int32_t word = 0; word * 64 < count; word++) active[word] = 0;
  for (int32_t j = 0; j < count; j++) {
    if (rises[j] == 0) continue;
    active[j >> 6] |= UINT64_C(1) << (j & 63);
    int64_t r = (int64_t)(draw(stream, (uint64_t)(j >> 2)) >> (16 * (j & 3)) & 0xFFFF);
    rises[j] -= (int16_t)(((((int64_t)rises[j] * decay) >> 16) + r) >> 16);
  }
}

/* Scales the weights of columns so that each sums to what it should. */
static void normalise(
    const PlasticWork *plastic, const ColumnScaleWork *work, WeightTally *tally) {
  const TargetSegment *segment = plastic->segments;
  int32_t shift = plastic->learningShift;
  for (int32_t n = 0; n < work->columnCount; n++) {
    int32_t column = work->columns[n];
    while (segment->block != column >> 5 || !(segment->mask >> (column & 31) & 1)) segment++;
    int16_t *weights = plastic->learning + column;
    int64_t sum = 0;
    for (int32_t i = 0; i < work->sources; i++) sum += weights[(int64_t)i * plastic->stride];
    tally->visited[segment->core] += (uint64_t)work->sources;
    if (sum == 0) continue;
    tally->visited[segment->core] += (uint64_t)work->sources;
    int64_t exactFactor = ((int64_t)work->target << 14) / sum;
    int32_t factor = exactFactor < 65535 ? (int32_t)exactFactor : 65535;
    uint64_t stream = draw(work->base, (uint64_t)column), word = 0, written = 0;
    for (int32_t i = 0; i < work->sources; i++) {
      int16_t *weight = weights + (int64_t)i * plastic->stride;
      word = i & 3 ? word >> 16 : draw(stream, (uint64_t)(i >> 2));
      int32_t wanted =
          (((*weight >> shift) * factor + ((int32_t)(word & 0xFFFF) >> 2)) >> 14) << shift;
      int32_t kept = wanted < plastic->low ? plastic->low : wanted;
      if (kept > plastic->high) kept = plastic->high;
      tally->saturations += kept != wanted;
      written += kept != *weight;
      *weight = (int16_t)kept;
    }
    tally->written[segment->core] += written;
  }
}
