#pragma clang diagnostic ignored "-Wpsabi"

#include "aggregation.h"

const AggregationTable *aggregation_portable(void) { return &aggregationTable; }
