#ifndef KERNELS_H
#define KERNELS_H

#include "CKernels.h"

/* The level at hand, and the number of the case that is made up, from 0 on for each kernel. */
extern const KernelTable *kernels;
extern int32_t number;

/* Random numbers, the same for a kernel and a case on all machines. Values of `value` are even,
   often at their ends, or mostly zero, as the case wants it; ends are included. */
uint64_t draw(void);
int32_t between(int32_t low, int32_t high);
int32_t value(int32_t low, int32_t high);
int32_t chance(int32_t percent);
/* A number of neurons or sources at and around the widths of vectors. */
int32_t someSize(void);

/* Memory as ChipMemory hands it out: zero, on boundaries of 64 bytes, and usable up to the next
   one; the page after that is out of bounds. Tight blocks have no such rest. */
void *reserve(int32_t count, size_t bytes);
void *reserveTight(int32_t count, size_t bytes);
#define BLOCK(type, count) ((type *)reserve(count, sizeof(type)))
static inline int32_t padded(int32_t count) { return (count + 63) / 64 * 64; }
static inline int32_t upTo(int32_t count, int32_t width) {
  return (count + width - 1) / width * width;
}
static inline int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* Takes part in the kernel's line: what it returned, and what it wrote. */
void see(uint64_t number);
void seeBytes(const void *values, size_t bytes);
#define SEE(values, count) seeBytes(values, (size_t)(count) * sizeof *(values))

/* A set of some of the first `size` bits, in a block. */
uint64_t *someBits(int32_t size);
/* Rising numbers below `size`, in a block of spikes. */
typedef struct {
  int32_t *list;
  int32_t count;
} Spikes;
Spikes someSpikes(int32_t size);
/* Numbers within bounds in the first `count` places of a block of `room`. */
int32_t *someWords(int32_t count, int32_t room, int32_t low, int32_t high);
int16_t *someHalves(int32_t count, int32_t room, int32_t low, int32_t high);
/* Rows of weights with zeros at their ends. */
int8_t *someWeights(int32_t rows, int32_t targets, int32_t stride, int32_t largest);
/* Rows of weights from cache lines on, unless they would be mostly empty. */
int32_t denseStride(int32_t targets);

/* A connection that learns, and a tally of its cores. */
typedef struct {
  PlasticWork work;
  WeightTally tally;
  int32_t sources, targets;
} Plastic;
Plastic somePlastic(int32_t sources, int32_t targets, int32_t stride, int hasView);
void seePlastic(const Plastic *plastic);

void checkLevels(void);
void checkEncode(void);
void checkList(void);
void checkPool(void);
void checkDense(void);
void checkDenseLearning(void);
void checkGrade(void);
void checkConvert(void);
void checkConvolution(void);
void checkSparse(void);
void checkOneToOne(void);
void checkNeurons(void);
void checkTallyNeurons(void);
void checkTallyTraffic(void);
void checkCountBits(void);
void checkJudge(void);
void checkTraces(void);
void checkPair(void);
void checkMirror(void);
void checkFeedback(void);
void checkSignals(void);
void checkRegulate(void);
void checkEligibility(void);
void checkAccumulate(void);
void checkThreeFactor(void);
void checkDecay(void);
void checkLeak(void);
void checkDepress(void);
void checkPotentiate(void);
void checkStrays(void);
void checkDirections(void);
void checkDrive(void);
void checkCompete(void);
void checkRelax(void);
void checkNormalise(void);
void checkFade(void);
void checkWindow(void);
void checkVisitRows(void);
void checkVisitColumns(void);
void checkSpread(void);
void checkGather(void);
void checkReach(void);
void checkMark(void);

#endif
