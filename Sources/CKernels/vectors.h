/* Vectors of 64 bytes whatever the machine's registers: the compiler splits them, and the integers
   stay the same. Included once for each level; LEVEL_AVX512 and LEVEL_AVX2 say what may be used. */

#include "CKernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))

typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef int8_t i8x32 __attribute__((vector_size(32)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef int16_t i16x16 __attribute__((vector_size(32)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef int16_t i16x32 __attribute__((vector_size(64)));
typedef uint16_t u16x32 __attribute__((vector_size(64)));
typedef int32_t i32x8 __attribute__((vector_size(32)));
typedef int32_t i32x16 __attribute__((vector_size(64)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef int64_t i64x8 __attribute__((vector_size(64)));
typedef uint64_t u64x8 __attribute__((vector_size(64)));

/* Loads and stores at any address, of memory that is declared as scalars. */
#define UNALIGNED(type) typedef type type##_any __attribute__((aligned(1), may_alias))
UNALIGNED(i8x16);
UNALIGNED(i8x32);
UNALIGNED(i16x8);
UNALIGNED(u16x8);
UNALIGNED(i16x16);
UNALIGNED(u16x16);
UNALIGNED(i16x32);
UNALIGNED(u16x32);
UNALIGNED(i32x8);
UNALIGNED(i32x16);
UNALIGNED(u32x16);
UNALIGNED(i64x8);
#define LOAD(type, address) (*(const type##_any *)(address))
#define STORE(type, address, value) (*(type##_any *)(address) = (value))
/* Parts of the words of a set of bits. */
typedef uint32_t Bits32 __attribute__((may_alias));
typedef uint16_t Bits16 __attribute__((may_alias));
#define CONVERT(value, type) __builtin_convertvector(value, type)

INLINE i32x16 splat32(int32_t value) { return (i32x16){0} + value; }
INLINE i16x32 splat16(int16_t value) { return (i16x32){0} + value; }
INLINE u64x8 splat64(uint64_t value) { return (u64x8){0} + value; }

INLINE i32x16 select32(i32x16 mask, i32x16 yes, i32x16 no) {
  return (mask & yes) | (~mask & no);
}
INLINE i32x16 min32(i32x16 a, i32x16 b) { return __builtin_elementwise_min(a, b); }
INLINE i32x16 max32(i32x16 a, i32x16 b) { return __builtin_elementwise_max(a, b); }
INLINE i32x16 clip32(i32x16 value, int32_t limit) {
  return max32(min32(value, splat32(limit)), splat32(-limit));
}

/* A half of 32 lanes, and 32 lanes of two halves. */
#define LOW_HALF 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define HIGH_HALF 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
INLINE i16x16 half16(i16x32 lanes, int half) {
  return half ? __builtin_shufflevector(lanes, lanes, HIGH_HALF)
              : __builtin_shufflevector(lanes, lanes, LOW_HALF);
}
INLINE i8x16 half8(i8x32 lanes, int half) {
  return half ? __builtin_shufflevector(lanes, lanes, HIGH_HALF)
              : __builtin_shufflevector(lanes, lanes, LOW_HALF);
}
INLINE i16x32 join16(i16x16 low, i16x16 high) {
  return __builtin_shufflevector(low, high, LOW_HALF, HIGH_HALF);
}

/* One bit for each lane of a comparison. */
INLINE uint32_t bits16(i32x16 mask) {
#if defined(LEVEL_AVX512)
  return _mm512_movepi32_mask((__m512i)mask);
#elif defined(__x86_64__)
  return (uint32_t)_mm_movemask_epi8((__m128i)CONVERT(mask, i8x16));
#else
  const i8x16 places = {1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128};
  i8x16 kept = CONVERT(mask, i8x16) & places;
#if defined(__ARM_NEON)
  uint8x16_t sums = vpaddq_u8((uint8x16_t)kept, (uint8x16_t)kept);
  sums = vpaddq_u8(sums, sums);
  return vgetq_lane_u16((uint16x8_t)vpaddq_u8(sums, sums), 0);
#else
  uint32_t bits = 0;
  for (int lane = 0; lane < 16; lane++) bits |= (uint32_t)(kept[lane] != 0) << lane;
  return bits;
#endif
#endif
}

INLINE uint32_t bits32(i16x32 mask) {
#if defined(LEVEL_AVX512)
  return _mm512_movepi16_mask((__m512i)mask);
#elif defined(LEVEL_AVX2)
  return (uint32_t)_mm256_movemask_epi8((__m256i)CONVERT(mask, i8x32));
#else
  i16x16 low = half16(mask, 0), high = half16(mask, 1);
#if defined(__x86_64__)
  return (uint32_t)_mm_movemask_epi8((__m128i)CONVERT(low, i8x16))
         | (uint32_t)_mm_movemask_epi8((__m128i)CONVERT(high, i8x16)) << 16;
#elif defined(__ARM_NEON)
  const i8x16 places = {1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128};
  uint8x16_t sums = vpaddq_u8(
      (uint8x16_t)(CONVERT(low, i8x16) & places), (uint8x16_t)(CONVERT(high, i8x16) & places));
  sums = vpaddq_u8(sums, sums);
  return vgetq_lane_u32((uint32x4_t)vpaddq_u8(sums, sums), 0);
#else
  return bits16(CONVERT(low, i32x16)) | bits16(CONVERT(high, i32x16)) << 16;
#endif
#endif
}

/* Lanes of all ones where a bit is set. */
INLINE i16x32 lanes32(uint32_t bits) {
#if defined(LEVEL_AVX512)
  return (i16x32)_mm512_movm_epi16(bits);
#else
  const u16x16 places = {1,   2,    4,    8,    16,   32,   64,    128,
                         256, 512, 1024, 2048, 4096, 8192, 16384, 32768};
  u16x16 low = (u16x16){0} + (uint16_t)bits;
  u16x16 high = (u16x16){0} + (uint16_t)(bits >> 16);
  return join16((low & places) != 0, (high & places) != 0);
#endif
}

/* Products of pairs of 16 bits, summed in 32: a.low * b.low + a.high * b.high. */
INLINE i32x16 products(i32x16 a, i32x16 b) {
#if defined(LEVEL_AVX512)
  return (i32x16)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(LEVEL_AVX2)
  union { i32x16 all; __m256i part[2]; } x = {a}, y = {b}, z;
  for (int k = 0; k < 2; k++) z.part[k] = _mm256_madd_epi16(x.part[k], y.part[k]);
  return z.all;
#elif defined(__x86_64__)
  union { i32x16 all; __m128i part[4]; } x = {a}, y = {b}, z;
  for (int k = 0; k < 4; k++) z.part[k] = _mm_madd_epi16(x.part[k], y.part[k]);
  return z.all;
#else
  i32x16 low = ((i32x16)((u32x16)a << 16) >> 16) * ((i32x16)((u32x16)b << 16) >> 16);
  return low + (a >> 16) * (b >> 16);
#endif
}

/* Upper halves of products of 16 bits. */
INLINE u16x32 high16(u16x32 a, u16x32 b) {
#if defined(LEVEL_AVX512)
  return (u16x32)_mm512_mulhi_epu16((__m512i)a, (__m512i)b);
#elif defined(LEVEL_AVX2)
  union { u16x32 all; __m256i part[2]; } x = {a}, y = {b}, z;
  for (int k = 0; k < 2; k++) z.part[k] = _mm256_mulhi_epu16(x.part[k], y.part[k]);
  return z.all;
#elif defined(__x86_64__)
  union { u16x32 all; __m128i part[4]; } x = {a}, y = {b}, z;
  for (int k = 0; k < 4; k++) z.part[k] = _mm_mulhi_epu16(x.part[k], y.part[k]);
  return z.all;
#else
  typedef uint32_t u32x32 __attribute__((vector_size(128)));
  return CONVERT((CONVERT(a, u32x32) * CONVERT(b, u32x32)) >> 16, u16x32);
#endif
}

/* sign(x) * ((|x| * decay) >> 12) for |x| <= 2^23: in two parts, so that 32 bits hold them. */
INLINE i32x16 decayed(i32x16 x, int32_t decay) {
  i32x16 size = __builtin_elementwise_abs(x);
  i32x16 kept = (size >> 12) * decay + (((size & 4095) * decay) >> 12);
  i32x16 sign = x >> 31;
  return (kept ^ sign) - sign;
}

/* Comparisons that held, by lane or in all, at most 2^15 for each lane before they are summed. */
#if defined(LEVEL_AVX512)
typedef uint64_t Tally;
INLINE Tally tallied(Tally tally, i16x32 mask) {
  return tally + (uint64_t)__builtin_popcount(bits32(mask));
}
INLINE uint64_t tallySum(Tally tally) { return tally; }
typedef uint64_t WideTally;
INLINE WideTally tallied32(WideTally tally, i32x16 mask) {
  return tally + (uint64_t)__builtin_popcount(bits16(mask));
}
INLINE uint64_t wideTallySum(WideTally tally) { return tally; }
#else
typedef i16x32 Tally;
INLINE Tally tallied(Tally tally, i16x32 mask) { return tally + mask; }
INLINE uint64_t tallySum(Tally tally) {
  i32x16 sums = CONVERT(half16(tally, 0), i32x16) + CONVERT(half16(tally, 1), i32x16);
  return (uint64_t)-(int64_t)__builtin_reduce_add(sums);
}
typedef i32x16 WideTally;
INLINE WideTally tallied32(WideTally tally, i32x16 mask) { return tally + mask; }
INLINE uint64_t wideTallySum(WideTally tally) {
  return (uint64_t)-(int64_t)__builtin_reduce_add(tally);
}
#endif

INLINE int32_t countWord(uint64_t word) { return (int32_t)__builtin_popcountll(word); }

/* Bits set from begin up to end. */
INLINE int32_t countRange(const uint64_t *bits, int32_t begin, int32_t end) {
  if (begin >= end) return 0;
  int32_t first = begin >> 6, last = (end - 1) >> 6;
  uint64_t low = ~0ull << (begin & 63), high = ~0ull >> (63 - ((end - 1) & 63));
  if (first == last) return countWord(bits[first] & low & high);
  int32_t sum = countWord(bits[first] & low) + countWord(bits[last] & high);
  for (int32_t word = first + 1; word < last; word++) sum += countWord(bits[word]);
  return sum;
}
