/* SplitMix64 by counters, see CounterRandom, and what is drawn from it. */

#define GAMMA UINT64_C(0x9E3779B97F4A7C15)

INLINE uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

INLINE u64x8 mix8(u64x8 z) {
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

/* Draw number c of a stream. */
INLINE uint64_t draw(uint64_t stream, uint64_t c) { return mix(stream + (c + 1) * GAMMA); }

/* What draws 0 to 7 of a stream are mixed from; the next eight are 8 * GAMMA further on. */
INLINE u64x8 counters(uint64_t stream) {
  const u64x8 first = {GAMMA,     2 * GAMMA, 3 * GAMMA, 4 * GAMMA,
                       5 * GAMMA, 6 * GAMMA, 7 * GAMMA, 8 * GAMMA};
  return first + stream;
}

/* Numbers 32k to 32k + 31 of a stream, from counters(stream) + k * 8 * GAMMA. */
INLINE u16x32 numbers(u64x8 counters) { return (u16x32)mix8(counters); }

static int32_t levelsOf(
    const uint8_t *restrict intensities, int32_t count, const uint16_t *restrict table,
    uint16_t *restrict levels, int32_t *restrict blocks) {
  if (table != NULL) {
    for (int32_t k = 0; k < count; k++) levels[k] = table[intensities[k]];
  } else {
    for (int32_t k = 0; k < count; k++) levels[k] = (uint16_t)(intensities[k] * 257);
  }
  int32_t found = 0;
  for (int32_t block = 0; block * 32 < count; block++) {
    i64x8 words = LOAD(i64x8, levels + block * 32);
    int64_t any = __builtin_reduce_or(words);
    if (any != 0) blocks[found++] = block;
  }
  return found;
}

static void encode(const EncoderWork *work, uint64_t *bits) {
  u64x8 start = counters(work->stream);
  Bits32 *words = (Bits32 *)bits;
  for (int32_t k = 0; k < work->blockCount; k++) {
    int32_t block = work->blocks[k];
    u16x32 r = numbers(start + (uint64_t)block * (8 * GAMMA));
    words[block] = bits32((i16x32)(r < LOAD(u16x32, work->levels + block * 32)));
  }
}

static int32_t list(const uint64_t *bits, int32_t words, int32_t *list) {
  int32_t count = 0;
#if defined(LEVEL_AVX512)
  const i32x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (int32_t word = 0; word < words; word++) {
    uint64_t rest = bits[word];
    if (rest == 0) continue;
    i32x16 numbers = lanes + word * 64;
    _Pragma("clang loop unroll(full)") for (int part = 0; part < 4; part++) {
      __mmask16 mask = (__mmask16)rest;
      STORE(i32x16, list + count, (i32x16)_mm512_maskz_compress_epi32(mask, (__m512i)numbers));
      count += __builtin_popcount(mask);
      numbers += 16;
      rest >>= 16;
    }
  }
#else
  /* Eight at a time, wanted or not: how many there are is hard to foresee. */
  for (int32_t word = 0; word < words; word++) {
    uint64_t rest = bits[word];
    int32_t *next = list + count;
    count += countWord(rest);
    while (rest != 0) {
      for (int k = 0; k < 8; k++) {
        next[k] = word * 64 + (rest != 0 ? __builtin_ctzll(rest) : 0);
        rest &= rest - 1;
      }
      next += 8;
    }
  }
#endif
  return count;
}

static int32_t pool(
    const int32_t *places, int32_t channels, const int32_t *sources, int32_t count,
    int32_t *list) {
  int32_t found = 0;
  for (int32_t n = 0; n < count; n++) {
    uint32_t place = (uint32_t)sources[n] / (uint32_t)channels;
    list[found] = places[place] * channels + (sources[n] - (int32_t)place * channels);
    found += places[place] >= 0;
  }
  return found;
}
