#!/usr/bin/env -S python3 -B
"""A second simulator of the chip, written from docs/CHIP.md alone.

`simulate.py [FILE...]` reads golden traces, by default all files of Tests/AcceleratorTests/Golden,
computes them anew from what their heads and samples say, and compares line by line. It prints one
line for each trace, and exits with 1 if one differs or there is none. It needs Python 3.10 alone.
"""

import pathlib
import sys

from chip import number, stream
from golden import Lines, Unreadable, counts_text, integers, joined, read_model, read_sample
from learning import LearningChip

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "AcceleratorTests" / "Golden"
ENCODER = 1


def encoded(model, sample):
    """Input, by step: the sources that spike, or the channels whose current is told of."""
    steps = range(model.steps)
    if "seed" in model.encoder:
        seed = integers(model.encoder)[0]
        return [
            [
                channel
                for channel, intensity in enumerate(sample.intensities)
                if number(stream(seed, ENCODER, sample.id, step), channel)
                < model.levels[intensity]
            ]
            for step in steps
        ]
    if "crossings" in model.encoder:
        return crossings(model, sample, *integers(model.encoder))
    channels = [c for c, intensity in enumerate(sample.intensities) if intensity > 0]
    if model.encoder == "direct current":
        return [channels] + [[] for _ in steps[1:]]
    first = {c: (255 - sample.intensities[c]) * model.steps // 255 for c in channels}
    return [[c for c in channels if first[c] == step] for step in steps]


def crossings(model, sample, threshold):
    """Source 2c spikes where the level of channel c has risen, 2c + 1 where it has fallen."""
    count, found = model.inputs // 2, []
    since = sample.intensities[:count]
    for step in range(model.steps):
        levels, spikes = sample.intensities[step * count :], []
        for c in range(count):
            moved = levels[c] - since[c]
            if abs(moved) >= threshold:
                spikes.append(2 * c + (moved < 0))
                since[c] = levels[c]
        found.append(spikes)
    return found


def sample_lines(simulator, sample):
    model, prefix = simulator.model, "  "
    if model.encoder == "direct current":
        simulator.take_current(sample.intensities)
    if sample.lesson is None:
        lines, result = simulator.show(sample.inputs)
    elif model.layers[-1].teacher or any(c.each_step for c in simulator.three_factor):
        prefix = "  first shown without learning: "
        lines, result = simulator.show(encoded(model, sample))
        sample.lesson.decision = simulator.decision
        is_right = sample.lesson.decision == sample.lesson.label
        if model.layers[-1].teaches_mistakes and is_right:
            prefix = "  judged right, not learnt: "
        else:
            lines, _ = simulator.show(encoded(model, sample), sample.lesson)
    else:
        lines, result = simulator.show(encoded(model, sample), sample.lesson)
    weights = [
        f"  weights of {c.name}: {joined(c.weights)}" for c in simulator.connections if c.rule
    ]
    feedback = [
        f"  weights of feedback to {layer.name}: {joined(layer.feedback_weights)}"
        for layer in simulator.layers
        if layer.feedback == "adaptive"
    ]
    rewards = [
        f"  mean of rewards of {layer.name}: {layer.reward_mean}"
        for layer in simulator.layers
        if layer.mean_rate is not None
    ]
    rises = [f"  rises of {layer.name}: {joined(layer.h)}" for layer in simulator.layers if layer.h]
    counts = [
        f"  counts of {layer.name}: {joined(layer.assigned)}"
        for layer in simulator.layers
        if layer.classes
    ]
    plasticities = [
        f"  plasticities of {layer.name}: {joined(layer.plasticities)}"
        for layer in simulator.layers
        if layer.plasticities
    ]
    learnt = [*weights, *rises, *counts, *feedback, *plasticities, *rewards]
    return [*lines, prefix + result, *learnt, ""]


def summary_lines(simulator):
    lines = [f"potentials of {layer.name}: {joined(layer.v)}" for layer in simulator.layers]
    lines.append(f"saturations: {simulator.saturations}")
    for name, total in simulator.ledger.totals.items():
        lines += [f"{name}: {counts_text(total.counts)}", f"  time {total.picoseconds} ps"]
    cores = enumerate(simulator.ledger.cores)
    return [*lines, *(f"core {core}: {counts_text(counts)}" for core, counts in cores), ""]


def compare(path):
    """Nothing if the trace is what the simulator computes, else the first difference."""
    lines = Lines(path)
    simulator = LearningChip(read_model(lines))
    computed = lines.all[: lines.next]
    while sample := read_sample(lines):
        computed += [sample.head, *sample_lines(simulator, sample)]
    computed += summary_lines(simulator)
    for index in range(max(len(computed), len(lines.all))):
        kept, new = (part[index : index + 1] for part in (lines.all, computed))
        if kept != new:
            return f"line {index + 1}: kept `{joined(kept)}`, computed `{joined(new)}`"
    return None


def main():
    paths = [pathlib.Path(name) for name in sys.argv[1:]] or sorted(GOLDEN.glob("*.txt"))
    has_failed = not paths
    for path in paths:
        try:
            difference = compare(path)
        except (Unreadable, LookupError, TypeError, ValueError) as error:
            difference = f"makes no sense: {error}"
        print(f"{path.name}: {difference or 'agrees'}")
        has_failed |= difference is not None
    sys.exit(1 if has_failed else 0)


if __name__ == "__main__":
    main()
