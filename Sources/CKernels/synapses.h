/* Sums of the weights of the sources that spiked. */

static void convert(const ConversionWork *work, int32_t *inputs) {
  int32_t shift = work->conversionShift;
  i32x16 most = (i32x16){0} + work->limit;
  int32_t half = shift > 0 ? 1 << (shift - 1) : 0;
  for (int32_t k = 0; k < work->count; k += 16) {
    i32x16 level = (LOAD(i32x16, work->sums + k) + half) >> shift;
    level = __builtin_elementwise_min(__builtin_elementwise_max(level, -most), most);
    i32x16 read = (level << shift) << work->shift;
    if (work->accumulate) read += LOAD(i32x16, inputs + k);
    STORE(i32x16, inputs + k, read);
  }
}

#if defined(LEVEL_AVX512)
typedef i16x32 Sum;
typedef i8x32 Row;
UNALIGNED(Sum);
UNALIGNED(Row);
#define SUM_LANES 32
#define SUMS_MAX 16
#elif defined(LEVEL_AVX2)
typedef i16x16 Sum;
typedef i8x16 Row;
UNALIGNED(Sum);
UNALIGNED(Row);
#define SUM_LANES 16
#define SUMS_MAX 8
#else
typedef int16_t Sum __attribute__((vector_size(16)));
typedef int8_t Row __attribute__((vector_size(8)));
UNALIGNED(Sum);
UNALIGNED(Row);
#define SUM_LANES 8
#define SUMS_MAX 8
#endif

INLINE void widen16(i16x16 sum, int32_t shift, int32_t accumulate, int32_t *inputs) {
  i32x16 wide = CONVERT(sum, i32x16) << shift;
  if (accumulate) wide += LOAD(i32x16, inputs);
  STORE(i32x16, inputs, wide);
}

/* What inference sees of learning weights: rounded to the upper 8 bits. */
#define VIEW(row) (((row) + 128) >> 8)
#define WIDEN(row) CONVERT(row, Sum)
#define WIDEN16(row) CONVERT(row, i16x16)

/* Sums of rows at so many vectors of targets, in registers. */
#define DENSE_BLOCK(name, sums, Weight, Vector, value)                                          \
  static void name(                                                                             \
      const Weight *weights, int64_t stride, const int32_t *sources, int32_t count,             \
      int32_t shift, int32_t accumulate, int32_t *inputs) {                                     \
    Sum sum[sums];                                                                              \
    _Pragma("clang loop unroll(full)") for (int k = 0; k < sums; k++) sum[k] = (Sum){0};        \
    for (int32_t n = 0; n < count; n++) {                                                       \
      const Weight *row = weights + sources[n] * stride;                                        \
      _Pragma("clang loop unroll(full)") for (int k = 0; k < sums; k++) {                       \
        sum[k] += value(LOAD(Vector, row + k * SUM_LANES));                                     \
      }                                                                                         \
    }                                                                                           \
    int16_t narrow[sums * SUM_LANES];                                                           \
    _Pragma("clang loop unroll(full)") for (int k = 0; k < sums; k++) {                         \
      STORE(Sum, narrow + k * SUM_LANES, sum[k]);                                               \
    }                                                                                           \
    for (int k = 0; k < sums * SUM_LANES; k += 16) {                                            \
      widen16(LOAD(i16x16, narrow + k), shift, accumulate, inputs + k);                         \
    }                                                                                           \
  }

/* Sums of rows at the last 16 targets. */
#define DENSE_LAST(name, Weight, Vector, value)                                                 \
  static void name(                                                                             \
      const Weight *weights, int64_t stride, const int32_t *sources, int32_t count,             \
      int32_t shift, int32_t accumulate, int32_t *inputs) {                                     \
    i16x16 sum = {0};                                                                           \
    for (int32_t n = 0; n < count; n++) {                                                       \
      sum += value(LOAD(Vector, weights + sources[n] * stride));                                \
    }                                                                                           \
    widen16(sum, shift, accumulate, inputs);                                                    \
  }

#define DENSE(name, Weight, Vector, value, Last, valueLast)                                     \
  DENSE_BLOCK(name##All, SUMS_MAX, Weight, Vector, value)                                       \
  DENSE_BLOCK(name##Half, SUMS_MAX / 2, Weight, Vector, value)                                  \
  DENSE_BLOCK(name##Quarter, SUMS_MAX / 4, Weight, Vector, value)                               \
  DENSE_BLOCK(name##Pair, SUMS_MAX / 8, Weight, Vector, value)                                  \
  DENSE_LAST(name##Last, Weight, Last, valueLast)                                               \
                                                                                                \
  INLINE void name##Rows(                                                                       \
      const DenseWork *work, const Weight *rows, const int32_t *sources, int32_t count,         \
      int32_t *inputs) {                                                                        \
    int32_t accumulate = work->accumulate, shift = work->shift, done = 0;                       \
    do {                                                                                        \
      int32_t most = count - done < work->rowsMax ? count - done : work->rowsMax;               \
      for (int32_t target = 0; target < work->targets;) {                                       \
        int32_t left = work->targets - target;                                                  \
        int32_t size;                                                                           \
        void (*block)(                                                                          \
            const Weight *, int64_t, const int32_t *, int32_t, int32_t, int32_t, int32_t *);    \
        if (left >= SUMS_MAX * SUM_LANES) {                                                     \
          size = SUMS_MAX * SUM_LANES;                                                          \
          block = name##All;                                                                    \
        } else if (left >= SUMS_MAX / 2 * SUM_LANES) {                                          \
          size = SUMS_MAX / 2 * SUM_LANES;                                                      \
          block = name##Half;                                                                   \
        } else if (left >= SUMS_MAX / 4 * SUM_LANES) {                                          \
          size = SUMS_MAX / 4 * SUM_LANES;                                                      \
          block = name##Quarter;                                                                \
        } else if (SUMS_MAX == 16 && left >= SUMS_MAX / 8 * SUM_LANES) {                        \
          size = SUMS_MAX / 8 * SUM_LANES;                                                      \
          block = name##Pair;                                                                   \
        } else {                                                                                \
          size = 16;                                                                            \
          block = name##Last;                                                                   \
        }                                                                                       \
        block(                                                                                  \
            rows + target, work->stride, sources + done, most, shift, accumulate,               \
            inputs + target);                                                                   \
        target += size;                                                                         \
      }                                                                                         \
      done += most;                                                                             \
      accumulate = 1;                                                                           \
    } while (done < count);                                                                     \
  }

DENSE(dense, int8_t, Row, WIDEN, i8x16, WIDEN16)
DENSE(learning, int16_t, Sum, VIEW, i16x16, VIEW)

static void dense(
    const DenseWork *work, const int32_t *sources, int32_t count, int32_t *inputs) {
  denseRows(work, work->weights, sources, count, inputs);
}

static void denseLearning(
    const DenseWork *work, const int16_t *learning, const int32_t *sources, int32_t count,
    int32_t *inputs) {
  learningRows(work, learning, sources, count, inputs);
}

/* Weights times intensities; most intensities of a picture are 0. */
static void grade(
    const int8_t *weights, int32_t stride, int32_t targets, const uint8_t *intensities,
    int32_t sources, int32_t *sums) {
  for (int32_t i = 0; i < sources; i++) {
    if (intensities[i] == 0) continue;
    const int8_t *row = weights + (int64_t)i * stride;
    i32x16 x = splat32(intensities[i]);
    for (int32_t j = 0; j < targets; j += 16) {
      STORE(i32x16, sums + j, LOAD(i32x16, sums + j) + x * CONVERT(LOAD(i8x16, row + j), i32x16));
    }
  }
}

INLINE void addLine(const int8_t *weights, int16_t *sums, int32_t length) {
  int32_t k = 0;
#if defined(LEVEL_AVX512)
  for (; k + 32 <= length; k += 32) {
    STORE(i16x32, sums + k,
          LOAD(i16x32, sums + k) + CONVERT(LOAD(i8x32, weights + k), i16x32));
  }
  if (k < length) {
    __mmask32 rest = (1u << (length - k)) - 1;
    __m512i sum = _mm512_maskz_loadu_epi16(rest, sums + k);
    __m512i row = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(rest, weights + k));
    _mm512_mask_storeu_epi16(sums + k, rest, _mm512_add_epi16(sum, row));
  }
#else
  for (; k + 16 <= length; k += 16) {
    STORE(i16x16, sums + k,
          LOAD(i16x16, sums + k) + CONVERT(LOAD(i8x16, weights + k), i16x16));
  }
  for (; k < length; k++) sums[k] += weights[k];
#endif
}

static void widenAll(const ConvolutionWork *work, int32_t accumulate, int32_t *inputs) {
  for (int32_t target = 0; target < work->targets; target += 16) {
    widen16(LOAD(i16x16, work->sums + target), work->shift, accumulate, inputs + target);
    STORE(i16x16, work->sums + target, (i16x16){0});
  }
}

static void convolution(
    const ConvolutionWork *parameters, const int32_t *sources, int32_t count, int32_t *inputs) {
  /* A copy, which stores of bytes cannot change. */
  const ConvolutionWork copy = *parameters, *work = &copy;
  uint32_t channels = (uint32_t)work->channels;
  int32_t accumulate = work->accumulate, done = 0;
  do {
    int32_t spikes = count - done < work->spikesMax ? count - done : work->spikesMax;
    for (int32_t n = done; n < done + spikes; n++) {
      uint32_t source = (uint32_t)sources[n];
      uint32_t place = source / channels;
      const ConvolutionPlace *at = work->places + place;
      const int8_t *weights =
          work->weights + (int64_t)(source - place * channels) * work->channelWeights + at->weight;
      int16_t *sums = work->sums + at->target;
      work->plane[at->plane] = 1;
      for (int32_t line = 0; line < at->lines; line++) {
        addLine(weights, sums, at->length);
        weights += at->advance;
        sums += work->lineTargets;
      }
    }
    if (work->leavesSums && count <= work->spikesMax) return;
    widenAll(work, accumulate, inputs);
    done += spikes;
    accumulate = 1;
  } while (done < count);
}

static void sparse(
    const SparseWork *parameters, const int32_t *sources, int32_t count, int32_t *inputs) {
  /* A copy, which stores of bytes cannot change. */
  const SparseWork copy = *parameters, *work = &copy;
  for (int32_t n = 0; n < count; n++) {
    uint32_t end = work->rowStarts[sources[n] + 1];
    for (uint32_t entry = work->rowStarts[sources[n]]; entry < end; entry++) {
      uint32_t synapse = work->synapses[entry];
      inputs[synapse >> 8] += (int32_t)(int8_t)synapse * (1 << work->shift);
      work->touched[synapse >> 8] = 1;
    }
  }
}

static void oneToOne(int32_t weight, const int32_t *sources, int32_t count, int32_t *inputs) {
  for (int32_t n = 0; n < count; n++) inputs[sources[n]] += weight;
}
