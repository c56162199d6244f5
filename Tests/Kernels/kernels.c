/* Runs every kernel of a level on made-up inputs and prints a line for each: its name and a hash
   of all that it returned and wrote. `run` compares the lines of all levels.

   kernels LEVEL: portable (on AArch64: NEON), avx2 or avx512; 3 where this machine lacks it. */

#include "kernels.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void beginCase(int32_t kernel);
uint64_t endCase(void);

const KernelTable *kernels;
int32_t number;

typedef struct {
  const char *name;
  void (*check)(void);
  int32_t cases;
} Check;

static const Check checks[] = {
    {"levels", checkLevels, 100},
    {"encode", checkEncode, 200},
    {"list", checkList, 200},
    {"pool", checkPool, 100},
    {"dense", checkDense, 400},
    {"denseLearning", checkDenseLearning, 400},
    {"grade", checkGrade, 200},
    {"convert", checkConvert, 200},
    {"convolution", checkConvolution, 500},
    {"sparse", checkSparse, 100},
    {"oneToOne", checkOneToOne, 60},
    {"neurons", checkNeurons, 1500},
    {"tallyNeurons", checkTallyNeurons, 150},
    {"tallyTraffic", checkTallyTraffic, 300},
    {"countBits", checkCountBits, 100},
    {"judge", checkJudge, 400},
    {"traces", checkTraces, 200},
    {"pair", checkPair, 60},
    {"mirror", checkMirror, 150},
    {"feedback", checkFeedback, 200},
    {"signals", checkSignals, 500},
    {"regulate", checkRegulate, 100},
    {"eligibility", checkEligibility, 300},
    {"accumulate", checkAccumulate, 200},
    {"threeFactor", checkThreeFactor, 500},
    {"decay", checkDecay, 100},
    {"leak", checkLeak, 60},
    {"depress", checkDepress, 300},
    {"potentiate", checkPotentiate, 300},
    {"strays", checkStrays, 200},
    {"directions", checkDirections, 150},
    {"drive", checkDrive, 300},
    {"compete", checkCompete, 400},
    {"relax", checkRelax, 100},
    {"normalise", checkNormalise, 200},
    {"fade", checkFade, 60},
    {"window", checkWindow, 60},
    {"visitRows", checkVisitRows, 400},
    {"visitColumns", checkVisitColumns, 400},
    {"spread", checkSpread, 400},
    {"gather", checkGather, 200},
    {"reach", checkReach, 200},
    {"mark", checkMark, 200},
};
#define CHECKS (sizeof checks / sizeof *checks)
_Static_assert(
    sizeof(KernelTable) == CHECKS * sizeof(void (*)(void)), "each kernel has one check");

static const char *running = "";

static void tell(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(2);
}

static void stop(int signal) {
  tell(running);
  tell(signal == SIGSEGV || signal == SIGBUS ? ": reaches beyond its memory\n" : ": traps\n");
  _exit(1);
}

static const KernelTable *tableOf(const char *level) {
  if (strcmp(level, "portable") == 0) return kernels_portable();
  if (strcmp(level, "avx2") == 0) return kernels_avx2();
  if (strcmp(level, "avx512") == 0) return kernels_avx512();
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 2) {
    tell("kernels LEVEL: portable, avx2 or avx512\n");
    return 2;
  }
  kernels = tableOf(arguments[1]);
  if (kernels == NULL) return 3;
  signal(SIGSEGV, stop);
  signal(SIGBUS, stop);
  signal(SIGILL, stop);
  for (size_t kernel = 0; kernel < CHECKS; kernel++) {
    uint64_t hash = 0;
    running = checks[kernel].name;
    for (number = 0; number < checks[kernel].cases; number++) {
      beginCase((int32_t)kernel);
      checks[kernel].check();
      hash = hash * 31 + endCase();
    }
    printf("%-14s %016llx\n", running, (unsigned long long)hash);
    fflush(stdout);
  }
  return 0;
}
