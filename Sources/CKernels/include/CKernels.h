#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "AggregationKernels.h"

/* The inner loops of the simulated chip. docs/CHIP.md says what they compute; every level computes
   the same integers.

   Arrays of neurons and sources are padded with zeros to multiples of 64, so that loops have no
   tails; sets of bits have one for each neuron or source, from the lowest of the first word on. */

/* Input spikes of 32 channels at a time: spike k iff its draw of 16 bits is below levels[k]. */
typedef struct {
  const uint16_t *levels;
  const int32_t *blocks; /* numbers of the groups of 32 channels that are not all silent */
  int32_t blockCount;
  uint64_t stream;
} EncoderWork;

/* Rows of weights, added into inputs[target] with a shift. */
typedef struct {
  const int8_t *weights; /* [source][stride] */
  int32_t stride;        /* a multiple of 16 */
  int32_t targets;       /* a multiple of 16, at most stride */
  int32_t shift;
  int32_t rowsMax;    /* rows whose sum fits 16 bits */
  int32_t accumulate; /* 0 replaces the inputs */
} DenseWork;

/* Sums of columns as converters read them, added into inputs[target] with a shift. */
typedef struct {
  const int32_t *sums;
  int32_t count; /* a multiple of 16 */
  int32_t conversionShift, limit;
  int32_t shift;
  int32_t accumulate; /* 0 replaces the inputs */
} ConversionWork;

/* Where the spikes of one place of the source's plane go. */
typedef struct {
  int32_t target;  /* first target of the first line */
  int32_t weight;  /* its weight among those of the channel */
  int32_t length;  /* targets of a line, next to each other */
  int32_t lines;   /* 0 for a place that reaches nobody */
  int32_t advance; /* weights from line to line */
  int32_t plane;   /* itself, after pooling; one after the last for what is dropped */
} ConvolutionPlace;

/* Lines of shared weights, added into inputs[target] with a shift. */
typedef struct {
  const ConvolutionPlace *places;
  const int8_t *weights; /* by channel, sub-kernel, line, place, target's channel */
  int16_t *sums;         /* all zero before, and after unless they are left */
  int32_t channels;      /* sources at each place */
  int32_t channelWeights;
  int32_t lineTargets; /* targets from line to line */
  int32_t targets;
  int32_t shift;
  int32_t spikesMax; /* spikes whose sum fits 16 bits */
  int32_t accumulate;
  int32_t leavesSums; /* the neurons take them, if there are no more spikes than spikesMax */
  uint8_t *plane;     /* 1 is written for each spike */
} ConvolutionWork;

/* From the places of a plane to the targets whose kernels see them. */
typedef struct {
  uint8_t *plane;   /* [line][width], 0 or 1; cleared as it is taken */
  uint8_t *lines;   /* room for 8 of them with their padding, which is 0 */
  uint8_t *targets; /* room for the places of all targets; with 64 more, as has the plane */
  int32_t lineStride;
  int32_t height, width;
  int32_t targetHeight, targetWidth;
  int32_t channels; /* targets at each place */
  int32_t kernelHeight, kernelWidth, stride, padding;
} SpreadWork;

/* A listed synapse is its target shifted left by 8, or-ed with the weight's 8 bits. */
typedef struct {
  const uint32_t *rowStarts;
  const uint32_t *synapses;
  int32_t shift;
  uint8_t *touched; /* by target, 1 is written for each synapse */
} SparseWork;

enum {
  NEURONS_CURRENT = 1,    /* input charges a current first */
  NEURONS_WRAP = 2,       /* the current wraps */
  NEURONS_REFRACTORY = 4,
  NEURONS_ADAPTIVE = 8,
  NEURONS_PSI = 16,       /* pseudo-derivatives are wanted */
  NEURONS_READOUT = 32,   /* no threshold; potentials are summed into scores */
  NEURONS_SUMS = 64,      /* inputs are sums of 16 bits, shifted and cleared as they are taken */
  NEURONS_ARRIVALS = 128, /* a set says whom spikes reach, else they reach all or none */
  NEURONS_COMPETES = 256, /* who would fire is a candidate; `compete` goes on from there */
  NEURONS_LASTING = 512   /* thresholds are higher by what outlives samples */
};

enum { RESET_NONE = 0, RESET_SOFT = 1, RESET_HARD = 2 };

/* One step of the neurons of a layer. Parameters are arrays, or blocks of 16 equal values where a
   bit of `shared` is set. */
typedef struct {
  int32_t count;
  int32_t flags;
  int32_t reset;
  int32_t decay, currentDecay, adaptationDecay;
  int32_t limit, currentLimit, wrapShift;
  int32_t refractorySteps, psiShift;
  int32_t biasShared, thresholdShared, resetShared, impulseShared, multiplierShared;
  const int32_t *bias, *threshold, *resetPotential, *impulse, *multiplier;
  const int32_t *inputs;
  int16_t *sums;
  int32_t sumShift;
  int32_t *potentials, *currents, *rises, *refractoryLeft, *psi;
  const int16_t *lastingRises;
  int32_t lastingShift;
  int32_t inhibition;
  int32_t *excess; /* of potentials over thresholds, written where neurons compete */
  int64_t *scores;
  const uint64_t *arrivals;   /* set of the neurons that a spike reaches, whatever the inputs */
  int32_t reachesAll;         /* all bits set if a spike reaches all, else 0 */
  uint64_t *spikes, *updates; /* sets of bits, written */
} NeuronWork;

/* Targets of one core among 32 neighbours, whose numbers begin at 32 * block. */
typedef struct {
  int32_t block, core; /* core by its place among the layer's */
  uint32_t mask;
} TargetSegment;

/* Draws and weights of one connection that learns. */
typedef struct {
  int16_t *learning; /* [source][stride] */
  int8_t *weights;   /* what inference sees, [source][stride]; local rules do not keep it */
  int32_t stride;    /* a multiple of 32; 16 for narrow rows of three-factor learning */
  int32_t low, high; /* bounds */
  int32_t learningShift;
  int32_t coreCount, segmentCount;
  const TargetSegment *segments; /* of all targets, rising, one at least for each block */
} PlasticWork;

/* What a visit of weights came to, by core. */
typedef struct {
  uint64_t *visited;
  uint64_t *written;
  uint64_t saturations;
} WeightTally;

typedef struct {
  uint64_t saturations;
  int32_t active; /* traces that are not zero after it */
  int32_t traced; /* sources that spiked so far */
} TraceTally;

/* One step of presynaptic traces: decay, then a rise where x has a bit. */
typedef struct {
  const int16_t *before;
  int16_t *after;
  int16_t *rises;           /* impulse where x has a bit, else 0; may be null */
  int16_t *first;           /* traces before a second filter, where its decay is not 0 */
  const uint64_t *x;
  uint64_t *traced;         /* takes in x */
  uint64_t *active;         /* traces that are not zero, written */
  int32_t count, decay, impulse, secondDecay;
} TraceWork;

/* Errors of the classes: a base-2 softmax of the readout's potentials minus the label. */
typedef struct {
  const int32_t *potentials;
  int32_t *errors, *powers;
  int32_t *pairs; /* errors of two classes side by side, in 16 bits each */
  int32_t classes, label;
  int32_t logitMultiplier, logitShift;
} ErrorWork;

/* Signals of the neurons of a layer from their errors and pseudo-derivatives. */
typedef struct {
  int32_t count;
  int32_t preFactor, postFactor, signalShift, signalLimit, postDecay;
  int32_t readsBefore; /* post reads psiTraces as they were before the step */
  const int32_t *errors;
  const int32_t *psi; /* null stands for 256 */
  int32_t *psiTraces;
  int16_t *pre, *post; /* post is written where postFactor is not 0 */
  uint64_t *preActive, *postActive;
} SignalWork;

/* A pull of rates: errors rise by ((256 * count - target) * factor) >> shift. */
typedef struct {
  const uint64_t *spikes;
  int32_t *counts; /* spikes so far, with those of the step after it */
  int32_t *errors;
  int32_t count;
  int32_t target, factor, shift;
} RateWork;

/* One step of rows of synapses with eligibility traces of their own. */
typedef struct {
  const int32_t *rows;
  int32_t rowCount;
  int32_t stride;        /* of targets, a multiple of 16 */
  const int16_t *traces; /* by source */
  const int16_t *signals;
  const int32_t *psi;
  int32_t decay, factor; /* of 0 to 4096; the factor not above the decay */
  int32_t *parts;        /* by target, written: what is kept and taken of the two traces */
  int16_t *eligibility;  /* [source][stride] */
  int32_t *sums;         /* [source][stride] */
} EligibilityWork;

/* Sums of products of pairs, and the change of each weight whose sum is not 0. */
typedef struct {
  const int32_t *rows;
  int32_t rowCount;
  int32_t pairs;
  const int32_t *sourcePairs; /* [pair][sourceStride] of two 16-bit factors */
  const int32_t *targetPairs; /* [pair][stride] */
  int32_t sourceStride;
  int32_t *sums; /* [source][stride] of the weights, to which pairs add; may be null */
  int32_t keepsSums;
  int32_t gain, weightDecay;
  int32_t spareRow; /* of the weights, for kernels that work on two rows at a time */
  uint64_t streams; /* mix(key + (ordinal + 1) * gamma) */
  uint64_t firstStream;
} ThreeFactorWork;

/* Postsynaptic spikes and the presynaptic traces that they meet. */
typedef struct {
  const int32_t *columns; /* rising */
  int32_t columnCount;
  int32_t sources;
  const int16_t *traces;
  int32_t offset, multiplier; /* of a trace's product */
  uint64_t base;
  uint64_t *streams; /* room for one of each column */
} ColumnWork;

/* Columns of targets that fired, and what each is scaled to sum to. */
typedef struct {
  const int32_t *columns; /* rising */
  int32_t columnCount;
  int32_t sources, target;
  uint64_t base;
} ColumnScaleWork;
/* What factors of programs read, as LearningProgram.Variable numbers them. */
enum { PROGRAM_X2 = 2, PROGRAM_W = 7, PROGRAM_T = 8, PROGRAM_R = 9 };

typedef struct {
  int32_t variable, offset;
} ProgramFactor;

/* (mantissa * factors) >> shift. */
typedef struct {
  int32_t changesTag;
  int32_t mantissa, shift;
  int32_t firstFactor, factorCount;
} ProgramTerm;

/* Rows or columns that are visited, and the terms that are due. */
typedef struct {
  const ProgramTerm *terms;
  int32_t termCount; /* at most 16 */
  const ProgramFactor *factors;
  const int32_t *lines; /* rising */
  int32_t lineCount;
  int32_t length; /* synapses of a line */
  int32_t takes;  /* the step is -((r - sum) >> 16), else (sum + r) >> 16 */
  int32_t step;   /* of a weight */
  int32_t reward;
  const int16_t *x0, *x1, *x2, *y0, *y1, *y2, *y3; /* by source, by target; null if not read */
  int16_t *tags; /* [source][stride]; null without tags */
  uint64_t base, tagBase;
} ProgramWork;

/* Where spikes go, as the ledger needs it. */
typedef struct {
  uint64_t picoseconds; /* to take one in and to work on its synapses */
  uint32_t core;
  uint32_t operations[3]; /* dense, sparse, shared */
} TrafficTarget;

typedef struct {
  uint32_t firstTarget, targetCount;
  int32_t sender;         /* core, or -1 for the port */
  uint32_t horizontal, vertical;
  uint64_t picoseconds;   /* for the sender to send its copies */
} TrafficGroup;

typedef struct {
  const TrafficGroup *groups;
  const TrafficTarget *targets;
  const uint32_t *groupOf; /* by source */
  const int32_t *runs;     /* first sources of neighbours of one group, then the number of sources */
  uint32_t *tally;         /* by group, all zero before and after */
  uint64_t *totals;        /* by group */
  int32_t groupCount, runCount;
  uint64_t *neuronTimes; /* by core, of this chip step */
  uint64_t *messageTimes;
} TrafficWork;

/* Events of neurons by core. */
typedef struct {
  int32_t coreCount;
  const int32_t *slices; /* first neurons of the cores, then the number of neurons */
  const uint64_t *spikes, *updates;
  uint64_t *spikeCounts, *updateCounts; /* by core */
  uint64_t *neuronTimes;                /* by core, of this chip step */
  uint64_t accessTime, updateTime, spikeTime;
} NeuronTallyWork;

typedef struct {
  /* Levels of intensities by a table of 256, which null stands for intensity * 257, and blocks;
     returns the number of blocks. */
  int32_t (*levels)(
      const uint8_t *intensities, int32_t count, const uint16_t *table, uint16_t *levels,
      int32_t *blocks);
  void (*encode)(const EncoderWork *work, uint64_t *bits);
  /* Lists the bits that are set; list holds 64 more than there can be. */
  int32_t (*list)(const uint64_t *bits, int32_t words, int32_t *list);

  /* Lists the windows of sources: places[source / channels] * channels + channel, none below 0. */
  int32_t (*pool)(
      const int32_t *places, int32_t channels, const int32_t *sources, int32_t count,
      int32_t *list);
  void (*dense)(const DenseWork *work, const int32_t *sources, int32_t count, int32_t *inputs);
  /* The same with learning weights of 16 bits, of which inference sees the upper 8. */
  void (*denseLearning)(
      const DenseWork *work, const int16_t *learning, const int32_t *sources, int32_t count,
      int32_t *inputs);
  /* Adds weights times intensities into sums[target]; at most 65536 sources. */
  void (*grade)(
      const int8_t *weights, int32_t stride, int32_t targets, const uint8_t *intensities,
      int32_t sources, int32_t *sums);
  void (*convert)(const ConversionWork *work, int32_t *inputs);
  void (*convolution)(
      const ConvolutionWork *work, const int32_t *sources, int32_t count, int32_t *inputs);
  void (*sparse)(const SparseWork *work, const int32_t *sources, int32_t count, int32_t *inputs);
  void (*oneToOne)(int32_t weight, const int32_t *sources, int32_t count, int32_t *inputs);

  /* Who is reached, whatever the weights: add to sets of targets. */
  void (*spread)(const SpreadWork *work, uint64_t *arrivals);
  /* Clears what was touched. */
  void (*gather)(uint8_t *touched, int32_t count, uint64_t *arrivals);
  /* masks[source] is the set of the source's targets, of so many words. */
  void (*reach)(
      const uint64_t *masks, int32_t words, const int32_t *sources, int32_t count,
      uint64_t *arrivals);
  void (*mark)(const int32_t *targets, int32_t count, uint64_t *arrivals);

  /* Returns saturations. */
  uint64_t (*neurons)(const NeuronWork *work);
  void (*tallyNeurons)(const NeuronTallyWork *work);
  void (*tallyTraffic)(
      const TrafficWork *work, const uint64_t *bits, const int32_t *sources, int32_t count);
  /* Bits set in a range. */
  int32_t (*countBits)(const uint64_t *bits, int32_t begin, int32_t end);

  void (*judge)(const ErrorWork *work);
  TraceTally (*traces)(const TraceWork *work);
  /* Two rows of 16 bits side by side. */
  void (*pair)(const int16_t *first, const int16_t *second, int32_t count, int32_t *pairs);
  /* mirror[k / 2][target] holds the weights of classes k and k + 1. */
  void (*mirror)(
      const int8_t *weights, int32_t stride, int32_t rows, int32_t classes, int32_t *mirror,
      int32_t mirrorStride);
  void (*feedback)(
      const int32_t *mirror, int32_t mirrorStride, const int32_t *errorPairs, int32_t pairs,
      int32_t count, int32_t *errors);
  uint64_t (*signals)(const SignalWork *work);
  void (*regulate)(const RateWork *work);
  void (*eligibility)(const EligibilityWork *work);
  /* Adds the products of pairs to the sums of rows. */
  void (*accumulate)(const ThreeFactorWork *work, int32_t stride);
  /* Takes sums, if there are any, and leaves them at 0 unless they are to be kept. */
  void (*threeFactor)(const ThreeFactorWork *work, const PlasticWork *plastic, WeightTally *tally);

  /* Traces or activities of a layer's neurons decay in place; bits say which were not 0 before. */
  void (*decay)(int16_t *traces, int32_t count, int32_t decay, uint64_t *active);
  void (*leak)(int16_t *activities, int32_t count, uint64_t *active);
  /* Rows of presynaptic spikes: each target's change is (product + r) >> 16. */
  void (*depress)(
      const PlasticWork *plastic, const int32_t *rows, int32_t count, const int16_t *traces,
      int32_t multiplier, uint64_t base, WeightTally *tally);
  /* Columns of postsynaptic spikes: each source's change is (product + r) >> 16. */
  void (*potentiate)(const PlasticWork *plastic, const ColumnWork *work, WeightTally *tally);
  /* Whether a weight is further than `drift`, at most 32767, from where it came from; `count` is a
     multiple of 16. */
  int32_t (*strays)(
      const int16_t *learning, const int16_t *deployed, int32_t count, int32_t drift);
  /* Which way SDSP would move each target's weights: 1, 0 or -1. */
  void (*directions)(
      const int32_t *potentials, const int16_t *activities, int32_t count, const int32_t limits[4],
      int16_t *directions);
  void (*drive)(
      const PlasticWork *plastic, const int32_t *rows, int32_t count, const int16_t *directions,
      int32_t probability, uint64_t base, WeightTally *tally);

  /* Fires the winner of the candidates in `spikes`, -1 if there is none, and inhibits the others;
     adds to saturations. */
  int32_t (*compete)(const NeuronWork *work, uint64_t *saturations);
  /* Rises of thresholds lose a share at the end of a sample. */
  void (*relax)(int16_t *rises, int32_t count, int32_t decay, uint64_t stream, uint64_t *active);
  void (*normalise)(
      const PlasticWork *plastic, const ColumnScaleWork *work, WeightTally *tally);
  /* Traces fall by a shift of theirs, by 1 at least; bits say which were not 0 before. */
  void (*fade)(int16_t *traces, int32_t count, int32_t shift, uint64_t *active);
  /* The impulse where a counter is above 0, else 0. */
  void (*window)(const int16_t *counters, int32_t count, int32_t impulse, int16_t *values);
  void (*visitRows)(const ProgramWork *work, const PlasticWork *plastic, WeightTally *tally);
  void (*visitColumns)(const ProgramWork *work, const PlasticWork *plastic, WeightTally *tally);
} KernelTable;

/* The kernels of a level, null where this machine lacks its instructions. */
const KernelTable *kernels_portable(void);
const KernelTable *kernels_avx2(void);
const KernelTable *kernels_avx512(void);

#endif
