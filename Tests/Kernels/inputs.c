/* Made-up inputs, their memory, and the hash of what comes out. */

#include "kernels.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GAMMA UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static uint64_t state, hash;

uint64_t draw(void) { return mixed(state += GAMMA); }

int32_t between(int32_t low, int32_t high) {
  uint64_t span = (uint64_t)((int64_t)high - low) + 1;
  return (int32_t)(low + (int64_t)((draw() >> 32) * span >> 32));
}

int32_t chance(int32_t percent) { return between(0, 99) < percent; }

int32_t value(int32_t low, int32_t high) {
  int32_t even = between(low, high), kind = between(0, 7);
  switch (number % 4) {
    case 1: return kind < 3 ? low : kind < 6 ? high : even;
    case 2: return kind < 7 && low <= 0 && high >= 0 ? 0 : even;
    case 3: return high;
    default: return even;
  }
}

int32_t someSize(void) {
  static const int32_t sizes[] = {
      1,  2,  7,  8,  10,  15,  16,  17,  31,  32,  33,  47,  48,  49,
      63, 64, 65, 100, 127, 128, 130, 200, 257, 300, 511, 513, 784, 1041};
  return sizes[between(0, sizeof sizes / sizeof *sizes - 1)];
}

/* Mappings of the case at hand. */
static struct {
  void *start;
  size_t bytes;
} mappings[256];
static int32_t mappingCount;

static void *reserveBytes(size_t bytes) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (bytes + page - 1) / page * page;
  char *start = mmap(NULL, pages + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED || mappingCount == 256) abort();
  if (pages > 0 && mprotect(start, pages, PROT_READ | PROT_WRITE) != 0) abort();
  mappings[mappingCount].start = start;
  mappings[mappingCount++].bytes = pages + page;
  return start + pages - bytes;
}

void *reserve(int32_t count, size_t bytes) {
  return reserveBytes(((size_t)count * bytes + 63) / 64 * 64);
}

void *reserveTight(int32_t count, size_t bytes) { return reserveBytes((size_t)count * bytes); }

void beginCase(int32_t kernel) {
  state = mixed(((uint64_t)kernel << 32) + (uint64_t)number);
  hash = 0;
}

uint64_t endCase(void) {
  while (mappingCount > 0) {
    mappingCount--;
    munmap(mappings[mappingCount].start, mappings[mappingCount].bytes);
  }
  return hash;
}

void see(uint64_t number) { hash = mixed(hash + GAMMA + number); }

void seeBytes(const void *values, size_t bytes) {
  const char *next = values;
  for (; bytes > 0;) {
    uint64_t word = 0;
    size_t part = bytes < 8 ? bytes : 8;
    memcpy(&word, next, part);
    see(word);
    next += part;
    bytes -= part;
  }
}

/* Of 100: none, few, half, most, all. */
static int32_t someDensity(void) {
  static const int32_t densities[] = {0, 3, 15, 50, 90, 100};
  return densities[between(0, 5)];
}

uint64_t *someBits(int32_t size) {
  uint64_t *bits = BLOCK(uint64_t, padded(size) / 64);
  int32_t density = someDensity();
  for (int32_t k = 0; k < size; k++) bits[k >> 6] |= (uint64_t)chance(density) << (k & 63);
  return bits;
}

Spikes someSpikes(int32_t size) {
  Spikes spikes = {BLOCK(int32_t, padded(size) + 64), 0};
  int32_t density = someDensity();
  for (int32_t k = 0; k < size; k++) {
    if (chance(density)) spikes.list[spikes.count++] = k;
  }
  return spikes;
}

int32_t *someWords(int32_t count, int32_t room, int32_t low, int32_t high) {
  int32_t *values = BLOCK(int32_t, room);
  for (int32_t k = 0; k < count; k++) values[k] = value(low, high);
  return values;
}

int16_t *someHalves(int32_t count, int32_t room, int32_t low, int32_t high) {
  int16_t *values = BLOCK(int16_t, room);
  for (int32_t k = 0; k < count; k++) values[k] = (int16_t)value(low, high);
  return values;
}

int8_t *someWeights(int32_t rows, int32_t targets, int32_t stride, int32_t largest) {
  int8_t *weights = BLOCK(int8_t, rows * stride);
  for (int32_t row = 0; row < rows; row++) {
    for (int32_t j = 0; j < targets; j++) {
      weights[row * stride + j] = (int8_t)value(-largest, largest);
    }
  }
  return weights;
}

int32_t denseStride(int32_t targets) { return upTo(targets, targets > 48 ? 64 : 16); }

/* Parts of blocks of 32 targets that lie on one core each. */
static void placeTargets(Plastic *plastic) {
  PlasticWork *work = &plastic->work;
  int32_t targets = plastic->targets, most = least(5, targets);
  work->coreCount = chance(40) ? 1 : between(1, most);
  TargetSegment *segments = BLOCK(TargetSegment, targets / 32 + 1 + work->coreCount);
  int32_t begin = 0;
  for (int32_t core = 0; core < work->coreCount; core++) {
    int32_t after = work->coreCount - core - 1;
    int32_t end = after == 0 ? targets : between(begin + 1, targets - after);
    while (begin < end) {
      int32_t block = begin / 32, next = least(end, (block + 1) * 32);
      uint32_t mask = (uint32_t)((1ull << (next - begin)) - 1) << begin % 32;
      segments[work->segmentCount++] = (TargetSegment){block, core, mask};
      begin = next;
    }
  }
  work->segments = segments;
}

Plastic somePlastic(int32_t sources, int32_t targets, int32_t stride, int hasView) {
  Plastic plastic = {.sources = sources, .targets = targets};
  PlasticWork *work = &plastic.work;
  work->stride = stride;
  work->learningShift = chance(50) ? 0 : between(0, 15);
  int32_t unit = 1 << work->learningShift;
  int32_t low = -(32640 / unit), high = 32639 / unit;
  if (chance(60)) {
    low = between(low, 0);
    high = between(0, high);
  }
  work->low = low * unit;
  work->high = high * unit;
  int32_t rows = sources + 1;
  work->learning = BLOCK(int16_t, rows * stride);
  work->weights = hasView ? BLOCK(int8_t, rows * stride) : NULL;
  for (int32_t row = 0; row < sources; row++) {
    for (int32_t j = 0; j < targets; j++) {
      int32_t weight = value(low, high) * unit, at = row * stride + j;
      work->learning[at] = (int16_t)weight;
      if (hasView) work->weights[at] = (int8_t)((weight + 128) >> 8);
    }
  }
  placeTargets(&plastic);
  plastic.tally.visited = BLOCK(uint64_t, work->coreCount);
  plastic.tally.written = BLOCK(uint64_t, work->coreCount);
  return plastic;
}

void seePlastic(const Plastic *plastic) {
  const PlasticWork *work = &plastic->work;
  int32_t count = (plastic->sources + 1) * work->stride;
  SEE(work->learning, count);
  if (work->weights) SEE(work->weights, count);
  SEE(plastic->tally.visited, work->coreCount);
  SEE(plastic->tally.written, work->coreCount);
  see(plastic->tally.saturations);
}
