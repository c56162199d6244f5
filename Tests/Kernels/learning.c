/* Three-factor learning. */

#include "kernels.h"

void checkJudge(void) {
  int32_t classes = chance(50) ? between(1, 17) : between(1, 1024), room = padded(classes);
  int32_t limit = (1 << between(7, 23)) - 1;
  ErrorWork work = {
      .potentials = someWords(classes, room, -limit, limit), .errors = BLOCK(int32_t, room),
      .powers = BLOCK(int32_t, room), .pairs = BLOCK(int32_t, room / 2), .classes = classes,
      .label = between(0, classes - 1), .logitMultiplier = between(0, 65535),
      .logitShift = between(0, 47)};
  /* Differences of some classes that count. */
  if (chance(60)) {
    work.logitMultiplier = between(1, 65535);
    work.logitShift = between(8, 30);
  }
  kernels->judge(&work);
  SEE(work.errors, room);
  SEE(work.powers, room);
  SEE(work.pairs, room / 2);
}

void checkTraces(void) {
  int32_t sources = someSize(), room = padded(sources), isPaired = chance(50);
  int16_t *rows = BLOCK(int16_t, 2 * room);
  TraceWork work = {
      .rises = chance(50) ? BLOCK(int16_t, room) : NULL, .traced = BLOCK(uint64_t, room / 64),
      .active = BLOCK(uint64_t, room / 64), .count = room, .decay = value(0, 4096),
      .impulse = value(1, 4096), .secondDecay = chance(50) ? value(1, 4096) : 0};
  if (work.secondDecay) work.first = BLOCK(int16_t, room);
  for (int32_t step = 0; step < 12; step++) {
    work.before = isPaired ? rows + ((step & 1) ^ 1) * room : rows;
    work.after = isPaired ? rows + (step & 1) * room : rows;
    work.x = someBits(sources);
    TraceTally tally = kernels->traces(&work);
    see(tally.saturations);
    see((uint64_t)tally.active);
    see((uint64_t)tally.traced);
    SEE(rows, 2 * room);
    if (work.rises) SEE(work.rises, room);
    if (work.first) SEE(work.first, room);
    SEE(work.traced, room / 64);
    SEE(work.active, room / 64);
  }
}

void checkPair(void) {
  int32_t count = upTo(someSize(), 16);
  const int16_t *first = someHalves(count, count, -32767, 32767);
  const int16_t *second = someHalves(count, count, -32767, 32767);
  int32_t *pairs = BLOCK(int32_t, count);
  kernels->pair(first, second, count, pairs);
  SEE(pairs, count);
}

void checkMirror(void) {
  int32_t classes = chance(60) ? between(1, 40) : between(1, 300), rows = someSize();
  int32_t learns = chance(50), mirrorStride = padded(rows), pairs = (classes + 1) / 2;
  int32_t stride = learns ? upTo(classes, classes <= 16 ? 16 : 32) : denseStride(classes);
  /* Weights that learn have a spare row. */
  const int8_t *weights = someWeights(rows + learns, classes, stride, 127);
  int32_t *mirror = BLOCK(int32_t, pairs * mirrorStride);
  kernels->mirror(weights, stride, rows, classes, mirror, mirrorStride);
  SEE(mirror, pairs * mirrorStride);
}

/* Two numbers of 16 bits side by side, within bounds. */
static int32_t somePair(int32_t low, int32_t high) {
  uint32_t first = (uint32_t)value(low, high) & 0xFFFF;
  return (int32_t)(first | (uint32_t)value(low, high) << 16);
}

static int32_t *somePairs(int32_t rows, int32_t count, int32_t stride, int32_t low, int32_t high) {
  int32_t *pairs = BLOCK(int32_t, rows * stride);
  for (int32_t row = 0; row < rows; row++) {
    for (int32_t k = 0; k < count; k++) pairs[row * stride + k] = somePair(low, high);
  }
  return pairs;
}

void checkFeedback(void) {
  int32_t classes = chance(70) ? between(1, 20) : between(1, 400), pairs = (classes + 1) / 2;
  int32_t size = someSize(), stride = padded(size);
  const int32_t *mirror = somePairs(pairs, size, stride, -127, 127);
  const int32_t *errors = somePairs(1, pairs, padded(classes) / 2, -256, 256);
  int32_t *sums = BLOCK(int32_t, stride);
  kernels->feedback(mirror, stride, errors, pairs, stride, sums);
  SEE(sums, stride);
}

void checkSignals(void) {
  int32_t targets = someSize(), room = padded(targets);
  int32_t stride = upTo(targets, targets <= 16 ? 16 : 32), words = padded(stride) / 64;
  int32_t isReadout = chance(30), hasPost = chance(60);
  int32_t error = isReadout ? 256 : 1024 * 127;
  /* Parameters that neurons share give psi beyond the last one as well. */
  int32_t filled = isReadout || chance(50) ? room : targets;
  const int32_t limits[] = {32767, between(1, 32767), between(1, 300), between(1, 10)};
  SignalWork work = {
      .count = targets, .preFactor = value(-256, 256),
      .postFactor = hasPost ? value(1, 256) * (chance(50) ? 1 : -1) : 0,
      .signalShift = between(0, 40), .signalLimit = limits[between(0, 3)],
      .postDecay = value(0, 4096), .readsBefore = chance(50),
      .errors = someWords(targets, room, -error, error),
      .psi = isReadout ? NULL : someWords(filled, room, 0, 256),
      .psiTraces = hasPost ? someWords(least(filled, stride), stride, 0, 32767) : NULL,
      .pre = BLOCK(int16_t, stride), .post = BLOCK(int16_t, stride),
      .preActive = BLOCK(uint64_t, words), .postActive = BLOCK(uint64_t, words)};
  for (int32_t step = 0; step < 3; step++) {
    see(kernels->signals(&work));
    SEE(work.pre, stride);
    SEE(work.post, stride);
    if (hasPost) SEE(work.psiTraces, stride);
    SEE(work.preActive, words);
    SEE(work.postActive, words);
  }
}

void checkRegulate(void) {
  int32_t size = someSize(), room = padded(size);
  RateWork work = {
      .counts = BLOCK(int32_t, room), .errors = someWords(size, room, -1024 * 127, 1024 * 127),
      .count = size, .factor = value(0, 2047), .shift = between(9, 31)};
  for (int32_t step = 0; step < 5; step++) {
    work.spikes = someBits(size);
    work.target = value(0, 256) * (step + 1);
    kernels->regulate(&work);
    SEE(work.counts, room);
    SEE(work.errors, room);
  }
}

void checkEligibility(void) {
  int32_t sources = between(1, 60), targets = someSize(), room = padded(targets);
  int32_t stride = upTo(targets, targets <= 16 ? 16 : 32), synapses = (sources + 1) * stride;
  EligibilityWork work = {
      .stride = stride, .decay = value(0, 4096), .parts = BLOCK(int32_t, room),
      .eligibility = BLOCK(int16_t, synapses), .sums = BLOCK(int32_t, synapses)};
  work.factor = value(0, work.decay);
  for (int32_t step = 0; step < 6; step++) {
    Spikes rows = someSpikes(sources);
    work.rows = rows.list;
    work.rowCount = rows.count;
    work.traces = someHalves(sources, padded(sources), 0, 32767);
    work.signals = someHalves(targets, stride, -9000, 9000);
    if (chance(30)) work.signals = BLOCK(int16_t, stride);
    work.psi = someWords(chance(50) ? room : targets, room, 0, 256);
    kernels->eligibility(&work);
    SEE(work.eligibility, synapses);
    SEE(work.sums, synapses);
  }
}

/* Two cases in which lanes cut more weights than they can count, then many shapes. */
static int32_t isLong(void) { return number < 2; }

static void chooseShape(int32_t *sources, int32_t *targets) {
  *sources = chance(50) ? between(1, 9) : between(1, 300);
  *targets = chance(40) ? between(1, 16) : someSize();
  if (number == 0) {
    *sources = 66001;
    *targets = 10;
  } else if (number == 1) {
    *sources = 1100;
    *targets = 1041;
  }
}

void checkAccumulate(void) {
  int32_t sources = between(1, 100), targets = someSize(), pairs = between(1, 16);
  int32_t stride = upTo(targets, targets <= 16 ? 16 : 32), synapses = (sources + 1) * stride;
  ThreeFactorWork work = {
      .pairs = pairs, .sourceStride = padded(sources), .sums = BLOCK(int32_t, synapses)};
  for (int32_t part = 0; part < 3; part++) {
    int32_t signal = between(1, 32767), trace = least(32767, INT32_MAX / (6 * pairs * signal));
    work.sourcePairs = somePairs(pairs, sources, work.sourceStride, 0, trace);
    work.targetPairs = somePairs(pairs, targets, stride, -signal, signal);
    Spikes rows = someSpikes(sources);
    work.rows = rows.list;
    work.rowCount = rows.count;
    kernels->accumulate(&work, stride);
    SEE(work.sums, synapses);
  }
}

void checkThreeFactor(void) {
  int32_t sources, targets;
  chooseShape(&sources, &targets);
  int32_t stride = upTo(targets, targets <= 16 ? 16 : 32), pairs = between(1, isLong() ? 2 : 24);
  Plastic plastic = somePlastic(sources, targets, stride, 1);
  /* No sum leaves 32 bits, no product of one 48. */
  int32_t signal = chance(40) ? between(1, 200) : between(1, 32767);
  int32_t trace = least(32767, INT32_MAX / (2 * pairs * signal));
  int64_t sum = 2ll * pairs * signal * trace, gain = sum > 0 ? ((1ll << 47) - 1) / sum : 0;
  ThreeFactorWork work = {
      .pairs = pairs, .sourceStride = padded(sources), .spareRow = sources,
      .gain = value(0, gain < INT32_MAX ? (int32_t)gain : INT32_MAX), .streams = draw(),
      .firstStream = (uint64_t)between(0, 300) << 32};
  work.sourcePairs = somePairs(pairs, sources, work.sourceStride, 0, trace);
  work.targetPairs = somePairs(pairs, targets, stride, -signal, signal);
  Spikes rows = someSpikes(sources);
  if (isLong()) {
    work.gain = gain < INT32_MAX ? (int32_t)gain : INT32_MAX;
    plastic.work.low = plastic.work.high = 0;
    for (rows.count = 0; rows.count < sources; rows.count++) rows.list[rows.count] = rows.count;
  }
  work.rows = rows.list;
  work.rowCount = rows.count;
  if (!isLong() && chance(50)) {
    /* What earlier pairs came to; half of the gain leaves room for what decays. */
    work.weightDecay = chance(50) ? value(1, 16384) : 0;
    work.gain >>= 2;
    work.keepsSums = chance(30);
    work.sums = someWords(
        sources * stride, (sources + 1) * stride, -signal * trace, signal * trace);
  }
  kernels->threeFactor(&work, &plastic.work, &plastic.tally);
  if (work.sums) SEE(work.sums, (sources + 1) * stride);
  seePlastic(&plastic);
}
