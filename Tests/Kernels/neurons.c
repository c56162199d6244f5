/* Steps of neurons, and counts of their events. */

#include "kernels.h"

/* Flags and resets that go together, by the case's number. */
static void chooseFlags(NeuronWork *work) {
  int32_t rest = number;
  static const int32_t currents[] = {0, NEURONS_CURRENT, NEURONS_CURRENT | NEURONS_WRAP};
  work->flags = currents[rest % 3];
  rest /= 3;
  if (rest % 2) work->flags |= NEURONS_SUMS;
  rest /= 2;
  if (rest % 9 == 8) {
    work->flags |= NEURONS_READOUT;
    return;
  }
  if (rest & 1) work->flags |= NEURONS_REFRACTORY;
  if (rest & 2) work->flags |= NEURONS_ADAPTIVE;
  if (rest & 4) work->flags |= NEURONS_PSI;
  work->reset = rest / 9 % 3;
  if (chance(30)) work->flags |= NEURONS_COMPETES;
  if (chance(30)) work->flags |= NEURONS_LASTING;
}

static int32_t someDecay(void) {
  static const int32_t decays[] = {0, 1, 2048, 3891, 4095, 4096};
  return chance(50) ? decays[between(0, 5)] : between(0, 4096);
}

/* One for each neuron, or 16 equal ones. */
static const int32_t *someParameter(
    int32_t count, int32_t low, int32_t high, int32_t *isShared) {
  *isShared = chance(50);
  if (!*isShared) return someWords(count, padded(count), low, high);
  int32_t *values = BLOCK(int32_t, 16), own = value(low, high);
  for (int32_t k = 0; k < 16; k++) values[k] = own;
  return values;
}

static void chooseParameters(NeuronWork *work) {
  static const int32_t ranges[] = {0, 100, 1 << 14, 1 << 23};
  int32_t count = work->count, limit = work->limit;
  int32_t range = least(limit, ranges[between(0, 3)]);
  work->bias = someParameter(count, -range, range, &work->biasShared);
  int32_t low = chance(50) ? 1 : limit / 2 + 1;
  work->threshold = someParameter(count, low, chance(50) ? limit : low, &work->thresholdShared);
  work->resetPotential = someParameter(count, -limit, limit, &work->resetShared);
  work->impulse = someParameter(count, 0, limit, &work->impulseShared);
  /* Pseudo-derivatives are at most 1. */
  work->psiShift = between(0, 40);
  int64_t most = ((257ll << work->psiShift) - 1) / limit;
  work->multiplier =
      someParameter(count, 0, most < 65535 ? (int32_t)most : 65535, &work->multiplierShared);
}

/* State that a layer has, at rest or in the middle of a sample; what it lacks is null. */
static void chooseState(NeuronWork *work) {
  int32_t count = work->count, room = padded(count), isResting = chance(30);
  int32_t limit = isResting ? 0 : work->limit, current = isResting ? 0 : work->currentLimit;
  work->potentials = someWords(count, room, -limit, limit);
  if (work->flags & NEURONS_CURRENT) {
    work->currents = someWords(count, room, -current, current);
  }
  if (work->flags & NEURONS_ADAPTIVE) work->rises = someWords(count, room, 0, limit);
  if (work->flags & NEURONS_REFRACTORY) {
    work->refractoryLeft = someWords(count, room, 0, isResting ? 0 : 4);
  }
  if (work->flags & NEURONS_PSI) work->psi = BLOCK(int32_t, room);
  if (work->flags & NEURONS_READOUT) work->scores = BLOCK(int64_t, room);
  if (work->flags & NEURONS_COMPETES) work->excess = BLOCK(int32_t, room);
  if (work->flags & NEURONS_LASTING) work->lastingRises = someHalves(count, room, 0, 32767);
  work->spikes = BLOCK(uint64_t, room / 64);
  work->updates = BLOCK(uint64_t, room / 64);
}

static void chooseInputs(NeuronWork *work, int32_t *inputs) {
  static const int32_t ranges[] = {0, 127 << 6, 1 << 23, 1 << 30};
  int32_t range = ranges[between(0, 3)], isSilent = 0;
  if (work->flags & NEURONS_SUMS) range = least(range, 32767);
  for (int32_t j = 0; j < work->count; j++) {
    if (j % 16 == 0) isSilent = chance(40);
    int32_t input = isSilent ? 0 : value(-range, range);
    if (work->flags & NEURONS_SUMS) {
      work->sums[j] = (int16_t)input;
    } else {
      inputs[j] = input;
    }
  }
}

static void seeNeurons(const NeuronWork *work) {
  int32_t room = padded(work->count);
  SEE(work->potentials, room);
  if (work->currents) SEE(work->currents, room);
  if (work->rises) SEE(work->rises, room);
  if (work->refractoryLeft) SEE(work->refractoryLeft, room);
  if (work->psi) SEE(work->psi, room);
  if (work->scores) SEE(work->scores, room);
  if (work->sums) SEE(work->sums, room);
  if (work->excess) SEE(work->excess, work->count);
  SEE(work->spikes, room / 64);
  SEE(work->updates, room / 64);
}

static NeuronWork someNeurons(void) {
  int32_t potentialBits = chance(50) ? 24 : between(8, 24);
  int32_t currentBits = chance(50) ? 24 : between(8, 24);
  NeuronWork work = {
      .count = someSize(), .decay = someDecay(), .currentDecay = someDecay(),
      .adaptationDecay = someDecay(), .limit = (1 << (potentialBits - 1)) - 1,
      .currentLimit = (1 << (currentBits - 1)) - 1, .wrapShift = 32 - currentBits,
      .refractorySteps = between(1, chance(50) ? 3 : 4096), .sumShift = between(0, 15),
      .lastingShift = between(0, 8), .inhibition = between(0, (1 << (potentialBits - 1)) - 1)};
  chooseFlags(&work);
  chooseParameters(&work);
  chooseState(&work);
  return work;
}

/* Only one of the candidates of a step fires. */
void checkCompete(void) {
  NeuronWork work = someNeurons();
  work.flags &= ~(NEURONS_READOUT | NEURONS_SUMS);
  int32_t room = padded(work.count), high = chance(50) ? 3 : work.limit;
  work.excess = someWords(work.count, room, -work.limit, work.limit);
  uint64_t saturations = 0;
  for (int32_t step = 0; step < 4; step++) {
    const uint64_t *candidates = someBits(work.count);
    for (int32_t word = 0; word < room / 64; word++) work.spikes[word] = candidates[word];
    for (int32_t j = 0; j < work.count; j++) {
      if (candidates[j >> 6] >> (j & 63) & 1) work.excess[j] = between(1, high);
    }
    see((uint64_t)kernels->compete(&work, &saturations));
    see(saturations);
    seeNeurons(&work);
  }
}

void checkNeurons(void) {
  NeuronWork work = someNeurons();
  int32_t room = padded(work.count);
  int32_t *inputs = BLOCK(int32_t, room);
  work.inputs = inputs;
  if (work.flags & NEURONS_SUMS) work.sums = BLOCK(int16_t, room);
  for (int32_t step = 0; step < 5; step++) {
    chooseInputs(&work, inputs);
    see(kernels->neurons(&work));
    seeNeurons(&work);
  }
}

/* First numbers of `parts` neighbouring parts, then the end. */
static int32_t *someSlices(int32_t parts, int32_t end) {
  int32_t *slices = BLOCK(int32_t, parts + 1);
  for (int32_t k = 1; k < parts; k++) slices[k] = between(slices[k - 1], end);
  slices[parts] = end;
  return slices;
}

static uint64_t *someTimes(int32_t count) {
  uint64_t *times = BLOCK(uint64_t, count);
  for (int32_t k = 0; k < count; k++) times[k] = draw() >> 30;
  return times;
}

void checkTallyNeurons(void) {
  int32_t size = someSize(), cores = between(1, 12);
  NeuronTallyWork work = {
      .coreCount = cores, .slices = someSlices(cores, size), .spikes = someBits(size),
      .updates = someBits(size), .spikeCounts = someTimes(cores),
      .updateCounts = someTimes(cores), .neuronTimes = someTimes(cores),
      .accessTime = draw() >> 40, .updateTime = draw() >> 40, .spikeTime = draw() >> 40};
  kernels->tallyNeurons(&work);
  SEE(work.spikeCounts, cores);
  SEE(work.updateCounts, cores);
  SEE(work.neuronTimes, cores);
}

/* Groups in one piece each, or scattered; 1, some or one for each source. */
static void chooseGroups(TrafficWork *work, int32_t size) {
  work->groupCount = number % 3 == 0 ? 1 : number % 3 == 1 ? between(1, least(size, 9)) : size;
  uint32_t *groupOf = BLOCK(uint32_t, size);
  int32_t *runs = BLOCK(int32_t, size + 1);
  int32_t isScattered = chance(40);
  for (int32_t k = 0; k < size; k++) {
    groupOf[k] = isScattered ? (uint32_t)between(0, work->groupCount - 1)
                             : (uint32_t)((int64_t)k * work->groupCount / size);
    if (k == 0 || groupOf[k] != groupOf[k - 1]) runs[work->runCount++] = k;
  }
  runs[work->runCount] = size;
  work->groupOf = groupOf;
  work->runs = runs;
}

void checkTallyTraffic(void) {
  int32_t size = someSize(), cores = between(1, 20);
  TrafficWork work = {0};
  chooseGroups(&work, size);
  TrafficGroup *groups = BLOCK(TrafficGroup, work.groupCount);
  TrafficTarget *targets = BLOCK(TrafficTarget, work.groupCount * cores);
  uint32_t next = 0;
  for (int32_t k = 0; k < work.groupCount; k++) {
    groups[k] = (TrafficGroup){
        .firstTarget = next, .targetCount = (uint32_t)between(0, cores),
        .sender = between(-1, cores - 1), .picoseconds = draw() >> 40};
    for (uint32_t place = 0; place < groups[k].targetCount; place++) {
      targets[next++] = (TrafficTarget){.picoseconds = draw() >> 40, .core = place};
    }
  }
  work.groups = groups;
  work.targets = targets;
  work.tally = BLOCK(uint32_t, work.groupCount);
  work.totals = someTimes(work.groupCount);
  work.neuronTimes = someTimes(cores);
  work.messageTimes = someTimes(cores);
  uint64_t *bits = someBits(size);
  int32_t *list = BLOCK(int32_t, padded(size) + 64), count = 0;
  for (int32_t k = 0; k < size; k++) {
    if (bits[k >> 6] >> (k & 63) & 1) list[count++] = k;
  }
  kernels->tallyTraffic(&work, bits, list, count);
  SEE(work.tally, work.groupCount);
  SEE(work.totals, work.groupCount);
  SEE(work.neuronTimes, cores);
  SEE(work.messageTimes, cores);
}

void checkCountBits(void) {
  int32_t size = someSize();
  const uint64_t *bits = someBits(size);
  for (int32_t k = 0; k < 50; k++) {
    int32_t begin = between(0, size), end = between(0, size);
    see((uint64_t)kernels->countBits(bits, begin, end));
  }
  see((uint64_t)kernels->countBits(bits, 0, size));
}
