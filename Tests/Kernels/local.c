/* Pair STDP and SDSP. */

#include "kernels.h"

void checkDecay(void) {
  int32_t targets = someSize(), stride = upTo(targets, 32), words = padded(stride) / 64;
  int16_t *traces = someHalves(targets, stride, 0, 32767);
  uint64_t *active = BLOCK(uint64_t, words);
  for (int32_t step = 0; step < 3; step++) {
    kernels->decay(traces, stride, value(0, 4096), active);
    SEE(traces, stride);
    SEE(active, words);
  }
}

void checkLeak(void) {
  int32_t targets = someSize(), stride = upTo(targets, 32), words = padded(stride) / 64;
  int16_t *activities = someHalves(targets, stride, 0, 7);
  uint64_t *active = BLOCK(uint64_t, words);
  for (int32_t step = 0; step < 3; step++) {
    kernels->leak(activities, stride, active);
    SEE(activities, stride);
    SEE(active, words);
  }
}

static Plastic someLocal(int32_t sources) {
  int32_t targets = someSize();
  return somePlastic(sources, targets, upTo(targets, 32), 0);
}

void checkDepress(void) {
  int32_t sources = between(1, 100);
  Plastic plastic = someLocal(sources);
  Spikes rows = someSpikes(sources);
  const int16_t *traces = someHalves(plastic.targets, plastic.work.stride, 0, 32767);
  kernels->depress(
      &plastic.work, rows.list, rows.count, traces, value(0, 32767), draw(), &plastic.tally);
  seePlastic(&plastic);
}

void checkPotentiate(void) {
  int32_t sources = chance(60) ? between(1, 70) : someSize();
  Plastic plastic = someLocal(sources);
  Spikes columns = someSpikes(plastic.targets);
  ColumnWork work = {
      .columns = columns.list, .columnCount = columns.count, .sources = sources,
      .traces = someHalves(sources, padded(sources), 0, 32767), .offset = value(0, 32767),
      .multiplier = value(0, 32767), .base = draw(),
      .streams = BLOCK(uint64_t, plastic.work.stride)};
  if (chance(50)) work.offset = between(0, 2000);
  if (chance(50)) work.multiplier = between(1, 1000);
  kernels->potentiate(&plastic.work, &work, &plastic.tally);
  seePlastic(&plastic);
}

void checkStrays(void) {
  int32_t count = 16 * between(1, 40), drift = value(0, 32767);
  const int16_t *deployed = someHalves(count, count, -32640, 32639);
  int16_t *learning = BLOCK(int16_t, count);
  for (int32_t k = 0; k < count; k++) {
    int32_t near = deployed[k] + between(-drift, drift);
    learning[k] = (int16_t)(near < -32768 ? -32768 : near > 32767 ? 32767 : near);
  }
  if (chance(50)) learning[between(0, count - 1)] = (int16_t)value(-32640, 32639);
  see((uint64_t)kernels->strays(learning, deployed, count, drift));
}

void checkDirections(void) {
  int32_t targets = someSize(), stride = upTo(targets, 32), limit = (1 << between(7, 23)) - 1;
  const int32_t *potentials = someWords(targets, padded(targets), -limit, limit);
  const int16_t *activities = someHalves(targets, stride, 0, 7);
  const int32_t limits[4] = {
      value(-limit, limit), between(0, 8), between(0, 8), between(0, 8)};
  int16_t *directions = BLOCK(int16_t, stride);
  kernels->directions(potentials, activities, targets, limits, directions);
  SEE(directions, stride);
}

void checkDrive(void) {
  int32_t sources = between(1, 100);
  Plastic plastic = someLocal(sources);
  Spikes rows = someSpikes(sources);
  const int16_t *directions = someHalves(plastic.targets, plastic.work.stride, -1, 1);
  kernels->drive(
      &plastic.work, rows.list, rows.count, directions, value(0, 65536), draw(), &plastic.tally);
  seePlastic(&plastic);
}

void checkRelax(void) {
  int32_t count = someSize(), words = padded(count) / 64;
  int16_t *rises = someHalves(count, padded(count), 0, 32767);
  uint64_t *active = BLOCK(uint64_t, words);
  for (int32_t sample = 0; sample < 3; sample++) {
    kernels->relax(rises, count, chance(50) ? 1 << 20 : value(0, INT32_MAX), draw(), active);
    SEE(rises, count);
    SEE(active, words);
  }
}

void checkNormalise(void) {
  int32_t sources = chance(60) ? between(1, 70) : someSize();
  Plastic plastic = someLocal(sources);
  /* Normalised weights are never negative. */
  int32_t step = 1 << plastic.work.learningShift;
  plastic.work.low = 0;
  plastic.work.high = between(1, 32639 / step) * step;
  for (int32_t k = 0; k < sources * plastic.work.stride; k++) {
    plastic.work.learning[k] =
        (int16_t)(chance(20) ? 0 : between(0, plastic.work.high / step) * step);
  }
  Spikes columns = someSpikes(plastic.targets);
  ColumnScaleWork work = {
      .columns = columns.list, .columnCount = columns.count, .sources = sources,
      .target = chance(50) ? between(1, sources * 20000) : between(1, INT32_MAX), .base = draw()};
  kernels->normalise(&plastic.work, &work, &plastic.tally);
  seePlastic(&plastic);
}
