/* Rules that are data. */

#include "kernels.h"

void checkFade(void) {
  int32_t targets = someSize(), stride = upTo(targets, 32), words = padded(stride) / 64;
  int16_t *traces = someHalves(targets, stride, 0, 32767);
  uint64_t *active = BLOCK(uint64_t, words);
  for (int32_t step = 0; step < 3; step++) {
    kernels->fade(traces, stride, between(1, 14), active);
    SEE(traces, stride);
    SEE(active, words);
  }
}

void checkWindow(void) {
  int32_t targets = someSize(), stride = upTo(targets, 32);
  int16_t *values = BLOCK(int16_t, stride);
  kernels->window(someHalves(targets, stride, 0, 4096), stride, between(1, 4096), values);
  SEE(values, stride);
}

/* Terms whose products keep to 58 bits, over traces, weights, tags and a reward. */
static ProgramWork someProgram(const Plastic *plastic, int32_t hasTags) {
  ProgramTerm *terms = BLOCK(ProgramTerm, 4);
  ProgramFactor *factors = BLOCK(ProgramFactor, 12);
  ProgramWork work = {
      .terms = terms, .termCount = between(1, 4), .factors = factors,
      .takes = chance(50), .step = chance(50) ? 1 << plastic->work.learningShift : between(1, 9000),
      .reward = between(-256, 256), .base = draw(), .tagBase = draw()};
  for (int32_t n = 0, first = 0; n < work.termCount; n++) {
    ProgramTerm term = {
        .changesTag = hasTags && chance(50), .mantissa = between(-32767, 32767),
        .firstFactor = first, .factorCount = between(0, 3)};
    int32_t bits = 15;
    for (int32_t k = 0; k < term.factorCount; k++) {
      int32_t last = hasTags ? PROGRAM_R : PROGRAM_W, variable = between(0, last);
      if (term.factorCount == 3 && bits > 40) variable = 0;
      int32_t isFlag = variable == 0 || variable == 3;
      bits += isFlag ? 1 : 16;
      int32_t offset = isFlag || chance(50) ? 0 : between(-9000, 9000);
      factors[first + k] = (ProgramFactor){.variable = variable, .offset = offset};
    }
    term.shift = chance(70) && bits > 16 ? bits - between(13, 16)
                                         : between(bits < 40 ? -16 : 0, 47);
    first += term.factorCount;
    terms[n] = term;
  }
  int32_t sources = plastic->sources, targets = plastic->targets;
  work.x0 = someHalves(sources, padded(sources), 0, 1);
  work.x1 = someHalves(sources, padded(sources), 0, 32767);
  work.x2 = someHalves(sources, padded(sources), 0, 32767);
  work.y0 = someHalves(targets, plastic->work.stride, 0, 1);
  work.y1 = someHalves(targets, plastic->work.stride, 0, 32767);
  work.y2 = someHalves(targets, plastic->work.stride, 0, 32767);
  work.y3 = someHalves(targets, plastic->work.stride, 0, 32767);
  if (hasTags) {
    int32_t room = sources * plastic->work.stride;
    work.tags = someHalves(room, room, -32767, 32767);
  }
  return work;
}

static void checkVisits(int isRows) {
  int32_t sources = chance(60) ? between(1, 70) : between(1, 200), targets = someSize();
  Plastic plastic = somePlastic(sources, targets, upTo(targets, 32), 0);
  int32_t hasTags = chance(50);
  ProgramWork work = someProgram(&plastic, hasTags);
  Spikes lines = someSpikes(isRows ? sources : targets);
  work.lines = lines.list;
  work.lineCount = lines.count;
  work.length = isRows ? targets : sources;
  (isRows ? kernels->visitRows : kernels->visitColumns)(&work, &plastic.work, &plastic.tally);
  seePlastic(&plastic);
  for (int32_t row = 0; hasTags && row < sources; row++) {
    SEE(work.tags + row * plastic.work.stride, targets);
  }
}

void checkVisitRows(void) { checkVisits(1); }

void checkVisitColumns(void) { checkVisits(0); }
