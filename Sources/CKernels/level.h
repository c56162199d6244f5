/* All kernels of a level, and their table. */

#include "vectors.h"
#include "random.h"
#include "synapses.h"
#include "arrivals.h"
#include "neurons.h"
#include "learning.h"
#include "changes.h"
#include "local.h"
#include "competition.h"
#include "program.h"

static const KernelTable table = {
    .levels = levelsOf,
    .encode = encode,
    .list = list,
    .pool = pool,
    .dense = dense,
    .denseLearning = denseLearning,
    .grade = grade,
    .convert = convert,
    .convolution = convolution,
    .sparse = sparse,
    .oneToOne = oneToOne,
    .spread = spread,
    .gather = gather,
    .reach = reach,
    .mark = mark,
    .neurons = neurons,
    .tallyNeurons = tallyNeurons,
    .tallyTraffic = tallyTraffic,
    .countBits = countBits,
    .judge = judge,
    .traces = traces,
    .pair = pair,
    .mirror = mirror,
    .feedback = feedback,
    .signals = signals,
    .regulate = regulate,
    .eligibility = eligibility,
    .accumulate = accumulate,
    .threeFactor = threeFactor,
    .decay = decay,
    .leak = leak,
    .depress = depress,
    .potentiate = potentiate,
    .strays = strays,
    .directions = directions,
    .drive = drive,
    .compete = compete,
    .relax = relax,
    .normalise = normalise,
    .fade = fade,
    .window = window,
    .visitRows = visitRows,
    .visitColumns = visitColumns,
};
