"""What is counted, and when and where."""

from types import SimpleNamespace


class Ledger:
    """What is counted, by core and kind, and how long it takes."""

    def __init__(self, model):
        self.model = model
        self.cores = [dict.fromkeys(model.times, 0) for _ in model.cores]
        self.totals = {
            name: SimpleNamespace(counts=dict.fromkeys(model.times, 0), picoseconds=0)
            for name in ("inference", "learning")
        }
        tiles = len({core.place for core in model.cores})
        barriers = [length for least, length in model.barriers if least <= tiles]
        self.barrier = barriers[-1] if barriers else model.barriers[0][1]

    def begin(self, chip_steps, name):
        self.total = self.totals[name]
        self.total.counts["step"] += chip_steps
        self.neuron_work = [[0] * len(self.cores) for _ in range(chip_steps)]
        self.message_work = [[0] * len(self.cores) for _ in range(chip_steps)]

    def end(self):
        for neurons, messages in zip(self.neuron_work, self.message_work):
            self.total.picoseconds += max(neurons + messages) + self.barrier

    def count(self, kind, core, times):
        self.total.counts[kind] += times
        if core is not None:
            self.cores[core][kind] += times

    def work(self, kind, core, step, times=1):
        self.count(kind, core, times)
        self.neuron_work[step][core] += times * self.model.times[kind]

    def answer(self, kind, core, step, times):
        self.count(kind, core, times)
        self.message_work[step][core] += times * self.model.times[kind]

    def message(self, kind, sender, receiver, step):
        place = self.model.port if sender is None else self.model.cores[sender].place
        target = self.model.cores[receiver].place
        self.count(kind, sender, 1)
        self.count("hop-horizontal", sender, abs(place[0] - target[0]))
        self.count("hop-vertical", sender, abs(place[1] - target[1]))
        if sender is not None:
            self.neuron_work[step][sender] += self.model.times[kind]
        self.message_work[step][receiver] += self.model.axon_in
