#pragma clang diagnostic ignored "-Wpsabi"

#include "level.h"

const KernelTable *kernels_portable(void) { return &table; }
