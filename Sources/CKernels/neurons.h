/* One step of neurons, and the events that they are counted for. */

INLINE const int32_t *parameter(const int32_t *values, int32_t shared, int32_t neuron) {
  return shared ? values : values + neuron;
}

INLINE i32x16 pseudoDerivative(i32x16 height, i32x16 multiplier, int32_t shift) {
  /* 24 bits times 16 bits: even and odd lanes apart, in 64 bits. */
  u64x8 h = (u64x8)height, m = (u64x8)multiplier;
  u64x8 even = ((h & 0xFFFFFFFF) * (m & 0xFFFFFFFF)) >> (uint64_t)shift;
  u64x8 odd = ((h >> 32) * (m >> 32)) >> (uint64_t)shift;
  return (i32x16)((even & 0xFFFFFFFF) | odd << 32);
}

/* Neurons j to j + 15; lanes that are not valid belong to nobody. Returns the tally with values
   that were cut. */
INLINE WideTally neuronLanes(
    const NeuronWork *work, int32_t flags, int32_t j, i32x16 valid, WideTally tally) {
  i32x16 drive;
  if (flags & NEURONS_SUMS) {
    drive = CONVERT(LOAD(i16x16, work->sums + j), i32x16) << work->sumShift;
    STORE(i16x16, work->sums + j, (i16x16){0});
  } else {
    drive = LOAD(i32x16, work->inputs + j);
  }
  i32x16 v = LOAD(i32x16, work->potentials + j);
  i32x16 bias = LOAD(i32x16, parameter(work->bias, work->biasShared, j));
  i32x16 used = v | drive | bias | splat32(work->reachesAll);
  if (flags & NEURONS_CURRENT) {
    i32x16 u = LOAD(i32x16, work->currents + j);
    used |= u;
    i32x16 exact = decayed(u, work->currentDecay) + drive;
    drive = flags & NEURONS_WRAP
                ? (i32x16)((u32x16)exact << work->wrapShift) >> work->wrapShift
                : clip32(exact, work->currentLimit);
    tally = tallied32(tally, (drive != exact) & valid);
    STORE(i32x16, work->currents + j, drive);
  }
  uint32_t updated = bits16((used != 0) & valid);
  if (flags & NEURONS_ARRIVALS) updated |= ((const Bits16 *)work->arrivals)[j >> 4];
  ((Bits16 *)work->updates)[j >> 4] = (uint16_t)updated;
#if !defined(LEVEL_AVX512)
  /* Planes are often silent in large parts: what is at rest stays at rest. Where vectors are wide,
     the work costs less than a branch that is foreseen wrongly. */
  if (flags == (NEURONS_SUMS | NEURONS_ARRIVALS) && updated == 0) {
    ((Bits16 *)work->spikes)[j >> 4] = 0;
    return tally;
  }
#endif
  i32x16 exact = decayed(v, work->decay) + drive + bias;
  i32x16 w = clip32(exact, work->limit);
  i32x16 beyond = w != exact;
  if (flags & NEURONS_READOUT) {
    STORE(i32x16, work->potentials + j, w);
    return tallied32(tally, beyond & valid);
  }
  i32x16 free = splat32(-1), left;
  if (flags & NEURONS_REFRACTORY) {
    left = LOAD(i32x16, work->refractoryLeft + j);
    free = left <= 0;
    left += ~free;
    w = select32(free, w, v);
    beyond &= free;
  }
  tally = tallied32(tally, beyond & valid);
  i32x16 threshold = LOAD(i32x16, parameter(work->threshold, work->thresholdShared, j));
  i32x16 level = threshold, rise;
  if (flags & NEURONS_ADAPTIVE) {
    rise = LOAD(i32x16, work->rises + j);
    level += rise;
  }
  if (flags & NEURONS_LASTING) {
    level += CONVERT(LOAD(i16x16, work->lastingRises + j), i32x16) << work->lastingShift;
  }
  if (flags & NEURONS_PSI) {
    i32x16 height = max32(threshold - __builtin_elementwise_abs(w - level), splat32(0));
    i32x16 multiplier = LOAD(i32x16, parameter(work->multiplier, work->multiplierShared, j));
    STORE(i32x16, work->psi + j, pseudoDerivative(height & free, multiplier, work->psiShift));
  }
  i32x16 due = (w > level) & free, spiked = due;
  if (flags & NEURONS_COMPETES) {
    STORE(i32x16, work->excess + j, w - level);
    spiked = splat32(0);
  }
  if (work->reset == RESET_SOFT) {
    w -= threshold & spiked;
  } else if (work->reset == RESET_HARD) {
    w = select32(
        spiked, LOAD(i32x16, parameter(work->resetPotential, work->resetShared, j)), w);
  }
  STORE(i32x16, work->potentials + j, w);
  if (flags & NEURONS_REFRACTORY) {
    STORE(i32x16, work->refractoryLeft + j,
          select32(spiked, splat32(work->refractorySteps), left));
  }
  if (flags & NEURONS_ADAPTIVE) {
    i32x16 impulse = LOAD(i32x16, parameter(work->impulse, work->impulseShared, j));
    i32x16 wanted = decayed(rise, work->adaptationDecay) + (impulse & spiked);
    rise = min32(wanted, splat32(work->limit));
    tally = tallied32(tally, (rise != wanted) & valid);
    STORE(i32x16, work->rises + j, rise);
  }
  ((Bits16 *)work->spikes)[j >> 4] = (uint16_t)bits16(due & valid);
  return tally;
}

INLINE uint64_t neuronLoop(const NeuronWork *parameters, int32_t flags) {
  const i32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  /* A copy, which stores to neurons cannot change. */
  const NeuronWork work = *parameters;
  WideTally tally = {0};
  int32_t j = 0;
  for (; j + 16 <= work.count; j += 16) {
    tally = neuronLanes(&work, flags, j, splat32(-1), tally);
  }
  if (j < work.count) {
    tally = neuronLanes(&work, flags, j, lanes < splat32(work.count - j), tally);
  }
  return wideTallySum(tally);
}

static uint64_t neurons(const NeuronWork *work) {
  switch (work->flags) {
    case 0: return neuronLoop(work, 0);
    case NEURONS_ARRIVALS: return neuronLoop(work, NEURONS_ARRIVALS);
    case NEURONS_SUMS | NEURONS_ARRIVALS:
      return neuronLoop(work, NEURONS_SUMS | NEURONS_ARRIVALS);
    case NEURONS_PSI: return neuronLoop(work, NEURONS_PSI);
    case NEURONS_COMPETES | NEURONS_LASTING | NEURONS_REFRACTORY:
      return neuronLoop(work, NEURONS_COMPETES | NEURONS_LASTING | NEURONS_REFRACTORY);
    case NEURONS_READOUT: {
      uint64_t saturations = neuronLoop(work, NEURONS_READOUT);
      for (int32_t j = 0; j < work->count; j++) work->scores[j] += work->potentials[j];
      return saturations;
    }
    default: {
      uint64_t saturations = neuronLoop(work, work->flags);
      if (work->flags & NEURONS_READOUT) {
        for (int32_t j = 0; j < work->count; j++) work->scores[j] += work->potentials[j];
      }
      return saturations;
    }
  }
}

static void tallyNeurons(const NeuronTallyWork *work) {
  for (int32_t core = 0; core < work->coreCount; core++) {
    int32_t begin = work->slices[core], end = work->slices[core + 1];
    uint64_t spikes = (uint64_t)countRange(work->spikes, begin, end);
    uint64_t updates = (uint64_t)countRange(work->updates, begin, end);
    work->spikeCounts[core] += spikes;
    work->updateCounts[core] += updates;
    work->neuronTimes[core] += (uint64_t)(end - begin) * work->accessTime
                               + updates * work->updateTime + spikes * work->spikeTime;
  }
}

INLINE void chargeTraffic(const TrafficWork *work, uint32_t number, uint64_t spikes) {
  const TrafficGroup *group = work->groups + number;
  work->totals[number] += spikes;
  if (group->sender >= 0) work->neuronTimes[group->sender] += spikes * group->picoseconds;
  const TrafficTarget *target = work->targets + group->firstTarget;
  for (uint32_t k = 0; k < group->targetCount; k++) {
    work->messageTimes[target[k].core] += spikes * target[k].picoseconds;
  }
}

static void tallyTraffic(
    const TrafficWork *work, const uint64_t *bits, const int32_t *sources, int32_t count) {
  if (work->groupCount == 1) {
    chargeTraffic(work, 0, (uint64_t)count);
    return;
  }
  /* Whichever takes the fewest looks: runs of sources, spikes, or groups. */
  if (work->runCount * 2 <= count) {
    for (int32_t run = 0; run < work->runCount; run++) {
      int32_t spikes = countRange(bits, work->runs[run], work->runs[run + 1]);
      if (spikes > 0) chargeTraffic(work, work->groupOf[work->runs[run]], (uint64_t)spikes);
    }
    return;
  }
  if (work->groupCount > count) {
    for (int32_t n = 0; n < count; n++) chargeTraffic(work, work->groupOf[sources[n]], 1);
    return;
  }
  for (int32_t n = 0; n < count; n++) work->tally[work->groupOf[sources[n]]]++;
  for (int32_t number = 0; number < work->groupCount; number++) {
    if (work->tally[number] == 0) continue;
    chargeTraffic(work, (uint32_t)number, work->tally[number]);
    work->tally[number] = 0;
  }
}

static int32_t countBits(const uint64_t *bits, int32_t begin, int32_t end) {
  return countRange(bits, begin, end);
}
