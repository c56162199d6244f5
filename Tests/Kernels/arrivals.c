/* Checks of who is reached by spikes. */
#include "kernels.h"

/* A set that has some members already. */
static uint64_t *someSet(int32_t size) { return someBits(padded(size)); }

void checkSpread(void) {
  static const int32_t channels[] = {1, 3, 8, 10, 16, 32, 48};
  SpreadWork work = {
      .height = between(1, 12), .width = between(1, 70), .channels = channels[between(0, 6)],
      .kernelHeight = between(1, 5), .kernelWidth = between(1, 5), .stride = between(1, 3),
      .padding = between(0, 2)};
  int32_t tall = work.height + 2 * work.padding, wide = work.width + 2 * work.padding;
  work.kernelHeight = least(work.kernelHeight, tall);
  work.kernelWidth = least(work.kernelWidth, wide);
  work.targetHeight = (tall - work.kernelHeight) / work.stride + 1;
  work.targetWidth = (wide - work.kernelWidth) / work.stride + 1;
  work.lineStride = (wide + work.kernelWidth + 2 * 64) / 64 * 64;
  int32_t places = work.targetHeight * work.targetWidth;
  work.plane = BLOCK(uint8_t, work.height * work.width + 64);
  int32_t density = between(0, 100);
  for (int32_t place = 0; place < work.height * work.width; place++) {
    work.plane[place] = chance(density) ? 1 : 0;
  }
  work.lines = BLOCK(uint8_t, 8 * work.lineStride);
  work.targets = BLOCK(uint8_t, places + 64);
  uint64_t *arrivals = someSet(places * work.channels);
  kernels->spread(&work, arrivals);
  SEE(arrivals, padded(places * work.channels) / 64);
  SEE(work.plane, work.height * work.width);
}

void checkGather(void) {
  int32_t size = someSize(), density = between(0, 100);
  uint8_t *touched = BLOCK(uint8_t, padded(size));
  for (int32_t j = 0; j < size; j++) touched[j] = chance(density) ? 1 : 0;
  uint64_t *arrivals = someSet(size);
  kernels->gather(touched, size, arrivals);
  SEE(arrivals, padded(size) / 64);
  SEE(touched, size);
}

void checkReach(void) {
  int32_t sources = between(1, 100), targets = someSize(), words = padded(targets) / 64;
  uint64_t *masks = someSet(sources * padded(targets));
  Spikes spikes = someSpikes(sources);
  uint64_t *arrivals = someSet(targets);
  kernels->reach(masks, words, spikes.list, spikes.count, arrivals);
  SEE(arrivals, words);
}

void checkMark(void) {
  int32_t targets = someSize();
  Spikes spikes = someSpikes(targets);
  uint64_t *arrivals = someSet(targets);
  kernels->mark(spikes.list, spikes.count, arrivals);
  SEE(arrivals, padded(targets) / 64);
}
