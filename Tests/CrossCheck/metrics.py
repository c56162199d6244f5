#!/usr/bin/env python3
"""Print what NeuroBench 2.3.0 measures on the network of NeuroBenchNetworkTests.

The network is the same as in Tests/WorkbenchTests/NeuroBenchNetwork.swift, written for snnTorch:
all values are integers that floating point holds exactly, so both sides have the same potentials
and spikes. The test holds the metrics of the simulated chip against the figures printed here.
"""

import json

import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity, Footprint, ParameterCount
from neurobench.metrics.workload import (
    ActivationSparsity,
    ActivationSparsityByLayer,
    ClassificationAccuracy,
    MembraneUpdates,
    NeuronOperations,
    SynapticOperations,
)
from neurobench.models import SNNTorchModel
from snntorch import Leaky, Synaptic
from torch import nn

STEPS = 12
SAMPLES = 5
# Potentials are finer than weights by 2^6.
INPUT_SHIFT = 64.0
OUT_OF_REACH = 1e9


def weight(number, limit):
    """Return a weight between both limits; every fifth is zero."""
    return 0 if number % 5 == 3 else number * 37 % (2 * limit + 1) - limit


def weights(count, first, limit, *shape):
    """Return weights in the order of the chip, a connection's sources first."""
    return torch.tensor([float(weight(n + first, limit)) for n in range(count)]).reshape(shape)


def neuron(threshold, reset="subtract"):
    """Return integrate-and-fire neurons that are reset in the step in which they fire."""
    return Leaky(
        beta=1.0, threshold=threshold, reset_mechanism=reset, reset_delay=False, init_hidden=True
    )


class Network(nn.Module):
    """The network, one module for each connection and each layer."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(1, 2, 3, padding=1)
        kernel = weights(18, 9, 60, 1, 3, 3, 2).permute(3, 0, 1, 2)
        self.convolution.weight.data = kernel * INPUT_SHIFT
        self.convolution.bias.data = torch.tensor([70.0, -30.0])
        self.features = neuron(8000.0)
        self.pool = nn.AvgPool2d(2)
        self.dense = nn.Linear(8, 6)
        self.dense.weight.data = weights(48, 0, 90, 8, 6).T * INPUT_SHIFT
        self.dense.bias.data = torch.tensor([50.0 * (j + 1) for j in range(6)])
        self.sparse = nn.Linear(16, 6, bias=False)
        pairs = [(0, 0, 7), (0, 4, -3), (2, 1, 0), (3, 2, 5)]
        pairs += [(3, 5, 6), (6, 3, 0), (15, 0, 7), (15, 1, -7)]
        self.sparse.weight.data.zero_()
        for source, target, value in pairs:
            self.sparse.weight.data[target, source] = value * INPUT_SHIFT
        self.hidden = neuron(4000.0, "zero")
        self.one_to_one = nn.Conv1d(1, 1, 1, bias=False)
        self.one_to_one.weight.data.fill_(64 * INPUT_SHIFT)
        self.relay = Synaptic(
            alpha=0.5, beta=1.0, threshold=9000.0, reset_mechanism="subtract", reset_delay=False,
            init_hidden=True,
        )
        self.readout = nn.Linear(6, 3, bias=False)
        self.readout.weight.data = weights(18, 4, 100, 6, 3).T * INPUT_SHIFT
        self.out = neuron(OUT_OF_REACH)
        self.reset()

    def reset(self):
        for layer in (self.features, self.hidden, self.relay, self.out):
            layer.reset_mem()
        self.late = torch.zeros(1, 16)

    def forward(self, image):
        features = self.features(self.convolution(image))
        assert (self.features.mem <= self.features.threshold).all()
        pooled = (self.pool(features) * 4).permute(0, 2, 3, 1).flatten(1)
        hidden = self.hidden(self.dense(pooled) + self.sparse(self.late))
        self.late = image.flatten(1)
        relay = self.relay(self.one_to_one(hidden.unsqueeze(1)).squeeze(1))
        assert (self.relay.mem <= self.relay.threshold).all()
        self.out(self.readout(relay))
        return self.out.mem, None


def samples():
    """Return samples whose lit channels spike in every step."""
    lit = torch.tensor(
        [[float((c * 7 + s * 5 + c * s) % 3 == 0) for c in range(16)] for s in range(SAMPLES)]
    )
    data = lit.reshape(SAMPLES, 1, 1, 4, 4).repeat(1, STEPS, 1, 1, 1)
    return torch.utils.data.TensorDataset(data, torch.arange(SAMPLES) % 3)


def main():
    """Print the metrics as JSON."""
    with torch.no_grad():
        benchmark = Benchmark(
            SNNTorchModel(Network()),
            torch.utils.data.DataLoader(samples(), batch_size=1),
            [],
            [lambda potentials: potentials.sum(1).argmax(-1)],
            [
                [Footprint, ConnectionSparsity, ParameterCount],
                [
                    ActivationSparsity,
                    ActivationSparsityByLayer,
                    ClassificationAccuracy,
                    MembraneUpdates,
                    NeuronOperations,
                    SynapticOperations,
                ],
            ],
        )
        results = benchmark.run(quiet=True)
    print(json.dumps(results, indent=2, sort_keys=True))


if __name__ == "__main__":
    main()
