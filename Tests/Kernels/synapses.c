/* Spikes of the input, their lists, and sums of weights. */

#include "kernels.h"

void checkLevels(void) {
  int32_t count = someSize(), isSilent = 0;
  uint8_t *intensities = reserveTight(count, 1);
  for (int32_t k = 0; k < count; k++) {
    if (k % 32 == 0) isSilent = chance(30);
    intensities[k] = isSilent ? 0 : (uint8_t)value(0, 255);
  }
  uint16_t *levels = BLOCK(uint16_t, padded(count));
  int32_t *blocks = BLOCK(int32_t, padded(count) / 32);
  const uint16_t *table =
      chance(50) ? (const uint16_t *)someHalves(256, 256, 0, 65535) : NULL;
  int32_t found = kernels->levels(intensities, count, table, levels, blocks);
  see((uint64_t)found);
  SEE(levels, padded(count));
  SEE(blocks, found);
}

void checkEncode(void) {
  int32_t count = someSize(), blocks = upTo(count, 32) / 32;
  EncoderWork work = {0};
  work.levels = (const uint16_t *)someHalves(count, padded(count), 0, 65535);
  int32_t *listed = BLOCK(int32_t, padded(count) / 32);
  for (int32_t block = 0; block < blocks; block++) {
    if (chance(80)) listed[work.blockCount++] = block;
  }
  work.blocks = listed;
  uint64_t *bits = BLOCK(uint64_t, padded(count) / 64);
  /* Often enough for draws that equal their level. */
  for (int32_t step = 0; step < 20; step++) {
    work.stream = draw();
    kernels->encode(&work, bits);
    SEE(bits, padded(count) / 64);
  }
}

void checkList(void) {
  int32_t size = someSize(), words = padded(size) / 64;
  const uint64_t *bits = someBits(size);
  int32_t *list = BLOCK(int32_t, words * 64 + 64);
  int32_t count = kernels->list(bits, words, list);
  see((uint64_t)count);
  SEE(list, count);
}

void checkPool(void) {
  int32_t places = between(1, 80), channels = between(1, 9), size = places * channels;
  const int32_t *windows = someWords(places, places, -1, places / 4);
  Spikes spikes = someSpikes(size);
  int32_t *list = BLOCK(int32_t, size + 1);
  int32_t found = kernels->pool(windows, channels, spikes.list, spikes.count, list);
  see((uint64_t)found);
  SEE(list, found);
}

void checkGrade(void) {
  int32_t sources = someSize(), targets = between(1, 300), stride = denseStride(targets);
  const int8_t *weights = someWeights(sources, targets, stride, 127);
  uint8_t *intensities = reserveTight(sources, 1);
  for (int32_t k = 0; k < sources; k++) intensities[k] = (uint8_t)value(0, 255);
  int32_t wide = (targets + 15) / 16 * 16;
  int32_t *sums = someWords(wide, wide, -(1 << 24), 1 << 24);
  kernels->grade(weights, stride, wide, intensities, sources, sums);
  SEE(sums, wide);
}

/* Shifts and earlier inputs with which no sum leaves 32 bits; at most 700 sources. */
static const int32_t shiftMax = 13, earlierMax = 1 << 29;

static DenseWork someDense(int32_t targets, int32_t stride, int32_t largest) {
  return (DenseWork){
      .stride = stride, .targets = upTo(targets, 16), .shift = between(0, shiftMax),
      .rowsMax = 32767 / largest, .accumulate = chance(50)};
}

void checkDense(void) {
  static const int32_t largest[] = {127, 127, 7, 1};
  int32_t targets = someSize(), sources = chance(50) ? between(1, 40) : between(1, 700);
  int32_t bound = largest[between(0, 3)];
  /* Rows of weights that learn have wider ends. */
  int32_t stride = chance(75) ? denseStride(targets) : upTo(targets, targets <= 16 ? 16 : 32);
  DenseWork work = someDense(targets, stride, bound);
  work.weights = someWeights(sources, targets, stride, bound);
  Spikes spikes = someSpikes(sources);
  int32_t *inputs = someWords(padded(targets), padded(targets), -earlierMax, earlierMax);
  kernels->dense(&work, spikes.list, spikes.count, inputs);
  SEE(inputs, padded(targets));
}

void checkDenseLearning(void) {
  int32_t targets = someSize(), sources = chance(50) ? between(1, 40) : between(1, 700);
  Plastic plastic = somePlastic(sources, targets, upTo(targets, 32), 0);
  DenseWork work = someDense(targets, plastic.work.stride, 127);
  Spikes spikes = someSpikes(sources);
  int32_t *inputs = someWords(padded(targets), padded(targets), -earlierMax, earlierMax);
  kernels->denseLearning(&work, plastic.work.learning, spikes.list, spikes.count, inputs);
  SEE(inputs, padded(targets));
}

void checkConvert(void) {
  int32_t count = padded(someSize());
  ConversionWork work = {
      .sums = someWords(count, count, -32512, 32512), .count = count,
      .conversionShift = between(0, 14), .limit = (1 << between(1, 15)) - 1,
      .shift = between(0, 8), .accumulate = chance(50)};
  int32_t *inputs = someWords(count, count, -earlierMax, earlierMax);
  kernels->convert(&work, inputs);
  SEE(inputs, count);
}

/* Lines of a place that stay within targets and weights; no target is met twice. */
static ConvolutionPlace somePlace(const ConvolutionWork *work) {
  ConvolutionPlace place = {0};
  if (chance(10)) return place;
  place.length = between(1, least(work->lineTargets, work->channelWeights));
  place.advance = between(place.length, place.length + 5);
  int32_t most = 1 + least(
                         (work->targets - place.length) / work->lineTargets,
                         (work->channelWeights - place.length) / place.advance);
  place.lines = between(1, least(most, 12));
  int32_t reached = (place.lines - 1) * work->lineTargets + place.length;
  int32_t used = (place.lines - 1) * place.advance + place.length;
  place.target = between(0, work->targets - reached);
  place.weight = between(0, work->channelWeights - used);
  return place;
}

void checkConvolution(void) {
  int32_t count = between(1, chance(50) ? 20 : 150), bound = chance(70) ? 127 : 1;
  ConvolutionWork work = {
      .channels = between(1, 9), .targets = someSize(), .shift = between(0, shiftMax),
      .channelWeights = between(1, 300), .accumulate = chance(50), .leavesSums = chance(50)};
  work.lineTargets = between(1, work.targets);
  ConvolutionPlace *places = BLOCK(ConvolutionPlace, count);
  /* Places that share their targets make sums that are large. */
  int32_t isShared = chance(30);
  for (int32_t k = 0; k < count; k++) {
    places[k] = k > 0 && isShared ? places[0] : somePlace(&work);
    places[k].plane = k;
  }
  work.places = places;
  int32_t weights = work.channels * work.channelWeights;
  work.weights = someWeights(1, weights, weights + 64, bound);
  work.sums = BLOCK(int16_t, padded(work.targets));
  work.plane = BLOCK(uint8_t, count + 1);
  Spikes spikes = someSpikes(count * work.channels);
  int32_t fits = 32767 / bound;
  work.spikesMax = spikes.count <= fits && chance(50) ? INT32_MAX : between(1, fits);
  int32_t *inputs = someWords(work.targets, padded(work.targets), -earlierMax, earlierMax);
  kernels->convolution(&work, spikes.list, spikes.count, inputs);
  SEE(inputs, padded(work.targets));
  SEE(work.sums, padded(work.targets));
  SEE(work.plane, count);
}

void checkSparse(void) {
  int32_t targets = someSize(), sources = between(1, 200), density = between(0, 30);
  uint32_t *rowStarts = BLOCK(uint32_t, sources + 1);
  uint32_t *synapses = BLOCK(uint32_t, sources * targets), entries = 0;
  for (int32_t row = 0; row < sources; row++) {
    for (int32_t j = 0; j < targets; j++) {
      if (!chance(density)) continue;
      synapses[entries++] = (uint32_t)j << 8 | (uint8_t)value(-127, 127);
    }
    rowStarts[row + 1] = entries;
  }
  SparseWork work = {rowStarts, synapses, between(0, shiftMax), BLOCK(uint8_t, padded(targets))};
  Spikes spikes = someSpikes(sources);
  int32_t *inputs = someWords(targets, padded(targets), -earlierMax, earlierMax);
  kernels->sparse(&work, spikes.list, spikes.count, inputs);
  SEE(inputs, padded(targets));
  SEE(work.touched, padded(targets));
}

void checkOneToOne(void) {
  int32_t size = someSize(), weight = value(-127, 127) * (1 << between(0, 21));
  Spikes spikes = someSpikes(size);
  int32_t *inputs = someWords(size, padded(size), -earlierMax, earlierMax);
  kernels->oneToOne(weight, spikes.list, spikes.count, inputs);
  SEE(inputs, padded(size));
}
