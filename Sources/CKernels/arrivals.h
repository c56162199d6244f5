/* Which neurons a spike reaches: an input may be 0 all the same. */

INLINE void setRange(uint64_t *bits, int32_t begin, int32_t end) {
  int32_t first = begin >> 6, last = (end - 1) >> 6;
  uint64_t low = ~0ull << (begin & 63), high = ~0ull >> (63 - ((end - 1) & 63));
  if (first == last) {
    bits[first] |= low & high;
    return;
  }
  bits[first] |= low;
  for (int32_t word = first + 1; word < last; word++) bits[word] = ~0ull;
  bits[last] |= high;
}

/* All channels of a place are reached, or none. */
INLINE void addPlaces(const uint8_t *places, int32_t count, int32_t channels, uint64_t *arrivals) {
  if (channels % 16 != 0) {
    for (int32_t place = 0; place < count; place++) {
      if (places[place]) setRange(arrivals, place * channels, (place + 1) * channels);
    }
    return;
  }
  Bits16 *bits = (Bits16 *)arrivals;
  if (channels == 16) {
    for (int32_t place = 0; place < count; place++) bits[place] |= (uint16_t)-places[place];
    return;
  }
  int32_t words = channels / 16;
  for (int32_t place = 0; place < count; place++) {
    for (int32_t k = 0; k < words; k++) bits[place * words + k] |= (uint16_t)-places[place];
  }
}

/* Lines of places that are worked on at a time, so that none is read while it is on its way to
   memory. */
#define SPREAD_LINES 8

INLINE int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }
INLINE int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* The lines of places that one line of targets sees, over each other. */
INLINE void overlay(const SpreadWork *work, int32_t y, uint8_t *line) {
  int32_t top = y * work->stride - work->padding;
  int32_t first = most(0, top), last = least(work->height, top + work->kernelHeight);
  for (int32_t x = 0; x < work->width; x += 64) {
    i32x16 any = {0};
    for (int32_t row = first; row < last; row++) {
      any |= LOAD(i32x16, work->plane + (int64_t)row * work->width + x);
    }
    STORE(i32x16, line + x, any);
  }
  STORE(i32x16, line + work->width, (i32x16){0});
}

static void spread(const SpreadWork *parameters, uint64_t *arrivals) {
  /* A copy, which stores of bytes cannot change. */
  const SpreadWork work = *parameters;
  for (int32_t y = 0; y < work.targetHeight; y += SPREAD_LINES) {
    int32_t end = least(work.targetHeight, y + SPREAD_LINES);
    for (int32_t n = y; n < end; n++) {
      overlay(&work, n, work.lines + (int64_t)(n - y) * work.lineStride + work.padding);
    }
    for (int32_t n = y; n < end; n++) {
      const uint8_t *line = work.lines + (int64_t)(n - y) * work.lineStride;
      uint8_t *targets = work.targets + (int64_t)n * work.targetWidth;
      if (work.stride == 1) {
        for (int32_t x = 0; x < work.targetWidth; x += 64) {
          i32x16 any = LOAD(i32x16, line + x);
          for (int32_t kx = 1; kx < work.kernelWidth; kx++) any |= LOAD(i32x16, line + x + kx);
          STORE(i32x16, targets + x, any);
        }
      } else {
        for (int32_t x = 0; x < work.targetWidth; x++) {
          uint8_t any = 0;
          for (int32_t kx = 0; kx < work.kernelWidth; kx++) any |= line[x * work.stride + kx];
          targets[x] = any;
        }
      }
    }
  }
  memset(work.plane, 0, (size_t)work.height * (size_t)work.width);
  addPlaces(work.targets, work.targetHeight * work.targetWidth, work.channels, arrivals);
}

static void gather(uint8_t *touched, int32_t count, uint64_t *arrivals) {
  for (int32_t word = 0; word * 64 < count; word++) {
    uint64_t set = 0;
    for (int32_t part = 0; part < 8; part++) {
      uint64_t bytes;
      memcpy(&bytes, touched + word * 64 + part * 8, 8);
      /* Eight bytes of 0 or 1 to eight bits. */
      set |= (bytes * 0x0102040810204080ull >> 56) << (part * 8);
    }
    arrivals[word] |= set;
  }
  memset(touched, 0, (size_t)count);
}

static void reach(
    const uint64_t *masks, int32_t words, const int32_t *sources, int32_t count,
    uint64_t *arrivals) {
  for (int32_t n = 0; n < count; n++) {
    const uint64_t *mask = masks + (int64_t)sources[n] * words;
    for (int32_t word = 0; word < words; word++) arrivals[word] |= mask[word];
  }
}

static void mark(const int32_t *targets, int32_t count, uint64_t *arrivals) {
  for (int32_t n = 0; n < count; n++) arrivals[targets[n] >> 6] |= 1ull << (targets[n] & 63);
}
