#!/usr/bin/env python3
"""Hold the chip's counts, energy and times against those of SANA-FE 2.2.9, spike by spike.

The job: 784-512-10 leaky integrate-and-fire neurons, threshold 1, soft reset, 100 steps of one
sample, each input channel spiking with probability 0.05 in each step. The network and the input
come from one seed. SANA-FE runs it on its own Loihi architecture, in three mappings:

    A   input on core 0, hidden neurons as 4 x 128 on cores 1 to 4, output on core 5 (two tiles)
    B   input on core 0, all hidden neurons on core 1, output on core 2 (one tile)
    C   hidden neurons on tiles 5 and 10, output back on tile 0: hops in all four directions

Its spikes are then replayed by `spikefleet chip replay` on fleet-configs/chips/loihi.yaml.

Weights are int8 times 2^-8. SANA-FE cuts potentials to 1/64, so it is given the whole network 256
times larger (weights as the integers, threshold 256): the cut is then 2^-14 of the threshold, as
on the chip.
"""

import argparse
import csv
import json
import pathlib
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

import numpy as np
import sanafe

VERSION = "2.2.9"
POPULATIONS = ("input", "hidden", "output")
SIZES = (784, 512, 10)
STEPS = 100
INPUT_PROBABILITY = 0.05
EXPONENT = -8
WEIGHT_DEVIATIONS = (0.05, 0.1)
DECAY = 3686
DECAY_ONE = 4096
CORES_PER_TILE = 4
# Tiles of the mesh are numbered down its columns.
MESH_ROWS = 4
# For each population, the cores it is split over evenly, in the order of its neurons.
MAPPINGS = {
    "A": ((0,), (1, 2, 3, 4), (5,)),
    "B": ((0,), (1,), (2,)),
    "C": ((0,), (20, 21, 40, 41), (3,)),
}
ROOT = pathlib.Path(__file__).resolve().parents[2]


def draw_network(seed):
    """Return the integer weights of both connections and the input as booleans [step][channel]."""
    generator = np.random.default_rng(seed)
    weights = []
    for sources, targets, deviation in zip(SIZES, SIZES[1:], WEIGHT_DEVIATIONS):
        real = generator.normal(0.0, deviation, (sources, targets))
        integers = np.clip(np.rint(np.ldexp(real, -EXPONENT)), -127, 127)
        weights.append(integers.astype(np.int8))
    spikes = generator.random((STEPS, SIZES[0])) < INPUT_PROBABILITY
    return weights, spikes


def map_evenly(group, cores, core_numbers):
    """Give each of the numbered cores an equal run of the group's neurons, in order."""
    share = len(group) // len(core_numbers)
    for position, number in enumerate(core_numbers):
        for neuron in group[position * share:(position + 1) * share]:
            neuron.map_to_core(cores[number])


def build_chip(weights, input_spikes, mapping):
    """Return a fresh SANA-FE chip that holds the network; chips keep state, so one for each run."""
    architecture = sanafe.load_loihi()
    cores = [core for tile in architecture.tiles for core in tile.cores]
    neuron_attributes = {
        "threshold": float(1 << -EXPONENT),
        "leak_decay": DECAY / DECAY_ONE,
        "reset_mode": "soft",
    }
    network = sanafe.Network()
    groups = [network.create_neuron_group("input", SIZES[0], log_spikes=True)]
    for name, size in zip(POPULATIONS[1:], SIZES[1:]):
        groups.append(network.create_neuron_group(
            name, size, model_attributes=neuron_attributes, soma_hw_name="loihi_lif",
            default_synapse_hw_name="loihi_dense_synapse",
            default_dendrite_hw_name="loihi_dendrites", log_spikes=True))
    # An input unit of this architecture holds one spike train, so each channel takes its own.
    for channel, neuron in enumerate(groups[0]):
        neuron.set_attributes(
            soma_hw_name=f"loihi_inputs[{channel}]",
            dendrite_hw_name="loihi_dendrites",
            model_attributes={"spikes": input_spikes[:, channel].tolist()})
    for source, target, connection in zip(groups, groups[1:], weights):
        source.connect_neurons_dense(
            target, {"weight": connection.astype(float).ravel().tolist()})
    for group, core_numbers in zip(groups, MAPPINGS[mapping]):
        map_evenly(group, cores, core_numbers)
    chip = sanafe.SpikingChip(architecture)
    chip.load(network)
    return chip


def run_sanafe(weights, input_spikes, mapping):
    """Run both timing models; return the simple run, the detailed run's time, and all spikes."""
    chip = build_chip(weights, input_spikes, mapping)
    run = chip.sim(STEPS, timing_model="simple", spike_trace=True, perf_trace=True)
    chip = build_chip(weights, input_spikes, mapping)
    detailed = chip.sim(STEPS, timing_model="detailed")["sim_time"]
    rows = []
    for step, spikes in enumerate(run["spike_trace"], start=1):
        addresses = sorted(
            (POPULATIONS.index(spike.group_name), spike.neuron_offset) for spike in spikes)
        rows += [(step, POPULATIONS[population], neuron) for population, neuron in addresses]
    return run, detailed, rows


def sanafe_speed(weights, input_spikes, mapping, runs=5):
    """Return the median CPU-seconds of a sample by timing model, building the chip excluded."""
    speeds = {}
    for model in ("simple", "detailed"):
        seconds = []
        for _ in range(runs):
            chip = build_chip(weights, input_spikes, mapping)
            start = time.process_time()
            chip.sim(STEPS, timing_model=model)
            seconds.append(time.process_time() - start)
        speeds[model] = statistics.median(seconds)
    return speeds


def tile(core):
    """Return column and row of a core's tile."""
    column, row = divmod(core // CORES_PER_TILE, MESH_ROWS)
    return {"column": column, "row": row}


def write_job(folder, weights, rows, mapping):
    """Write what `spikefleet chip replay` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    layers = []
    for index, connection in enumerate(weights):
        (folder / f"weights{index}.bin").write_bytes(connection.tobytes())
        cores = MAPPINGS[mapping][index + 1]
        share = SIZES[index + 1] // len(cores)
        layers.append({
            "name": POPULATIONS[index + 1], "neurons": SIZES[index + 1],
            "weights": f"weights{index}.bin", "threshold": 1 << -EXPONENT, "decay": DECAY,
            "cores": [dict(tile(core), neurons=share) for core in cores]})
    job = {"steps": STEPS, "inputs": SIZES[0], "port": tile(MAPPINGS[mapping][0][0]),
           "layers": layers}
    (folder / "job.json").write_text(json.dumps(job, indent=2) + "\n")
    with (folder / "spikes.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("step", "population", "neuron"))
        writer.writerows(rows)


def run_spikefleet(program, folder):
    """Replay a job that was written."""
    command = [program, "chip", "replay", folder / "job.json", "--spikes", folder / "spikes.csv",
               "--chip", ROOT / "fleet-configs/chips/loihi.yaml", "-o", "json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(run, detailed, rows, ours):
    """Yield name, unit, SANA-FE's value, ours and the tolerance, 0 for counts."""
    inputs = sum(population == "input" for _, population, _ in rows)
    events = ours["events"]
    count = events.get
    # SANA-FE counts the input's neurons as fired and updated, at no cost; the chip's have no soma.
    yield "synaptic operations", "", run["spikes"], count("synaptic-operation", 0), 0
    yield "messages", "", run["packets_sent"], count("message", 0), 0
    yield ("hops", "", sum(run["perf_trace"]["hops"]),
           count("hop-horizontal", 0) + count("hop-vertical", 0), 0)
    yield "neurons updated", "", run["neurons_updated"] - inputs, count("neuron-update", 0), 0
    yield "neurons fired", "", run["neurons_fired"] - inputs, count("spike", 0), 0
    energy = run["energy"]
    for theirs, component in (("synapse", "synapse"), ("soma", "neuron"), ("network", "traffic")):
        yield f"{theirs} energy", "uJ", energy[theirs] * 1e6, ours["joules"][component] * 1e6, 0.01
    yield "total energy", "uJ", energy["total"] * 1e6, ours["totalJoules"] * 1e6, 0.01
    yield "simple time", "us", run["sim_time"] * 1e6, ours["simpleSeconds"] * 1e6, 0.02
    yield "detailed time", "us", detailed * 1e6, ours["detailedSeconds"] * 1e6, 0.15


def report(mapping, figures):
    """Print a mapping's table; return whether all its figures pass."""
    print(f"mapping {mapping}")
    print(f"  {'':20} {'SANA-FE':>14} {'spikefleet':>14} {'deviation':>10} {'allowed':>8}")
    passes = True
    for name, unit, theirs, ours, tolerance in figures:
        deviation = abs(ours - theirs) / theirs if theirs else float(ours != theirs)
        passed = deviation <= tolerance
        passes = passes and passed
        form = ",.6f" if unit else ","
        title = f"{name}, {unit}" if unit else name
        print(f"  {title:20} {theirs:>14{form}} {ours:>14{form}} {deviation:>10.2e}"
              f" {tolerance:>8.0%}  {'pass' if passed else 'FAIL'}")
    return passes


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mapping", choices=sorted(MAPPINGS), action="append",
                        help="a mapping to check; all, unless named")
    parser.add_argument("--spikefleet", type=pathlib.Path, metavar="PROGRAM",
                        default=ROOT / ".build/release/spikefleet")
    parser.add_argument("--output", type=pathlib.Path, metavar="FOLDER",
                        default=ROOT / ".build/crosscheck",
                        help="where spikes and weights are written")
    parser.add_argument("--speed", action="store_true",
                        help="time SANA-FE instead: CPU-seconds of a sample, median of five")
    options = parser.parse_args()
    if version("sanafe") != VERSION:
        sys.exit(f"sanafe {version('sanafe')} is installed, expected {VERSION}")

    weights, input_spikes = draw_network(options.seed)
    if options.speed:
        for mapping in options.mapping or sorted(MAPPINGS):
            for model, seconds in sanafe_speed(weights, input_spikes, mapping).items():
                print(f"mapping {mapping} {model:9} {seconds:.4f} CPU-seconds a sample, "
                      f"{1 / seconds:.1f} samples a CPU-second")
        return
    passes = []
    for mapping in options.mapping or sorted(MAPPINGS):
        run, detailed, rows = run_sanafe(weights, input_spikes, mapping)
        folder = options.output / mapping
        write_job(folder, weights, rows, mapping)
        ours = run_spikefleet(options.spikefleet, folder)
        passes.append(report(mapping, compare(run, detailed, rows, ours)))
    sys.exit(not all(passes))


if __name__ == "__main__":
    main()
