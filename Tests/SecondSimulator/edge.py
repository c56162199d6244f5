"""Competition of a class's neurons, and weights of one bit."""

from chip import draw, number, stream

ROUNDING = 2
SET = 256


class EdgeLearning:
    """What weights of one bit learn at the end of a labelled sample."""

    def count_activity(self, c, step, lesson):
        for i in self.taken(c, step) if lesson.label is not None else []:
            c.pre[i] += 1
            for core in sorted(set(c.layer.core_of)):
                self.ledger.work("trace-update", core, self.chip_step(step, c.layer))

    def learn_by_competition(self, lesson, chip_step):
        found = [c for c in self.connections if c.rule == "weights of one bit"]
        if not found or lesson.label is None:
            return
        c, layer = found[0], found[0].layer
        j = self.compete(c, lesson.label, chip_step)
        base = stream(lesson.seed, ROUNDING, lesson.ordinal, c.index * 2**32)
        is_set = [c.weights[i * layer.size + j] != 0 for i in range(c.rows)]
        is_active = [spikes >= c.active_spikes for spikes in c.pre]
        silent = [i for i in range(c.rows) if is_set[i] and not is_active[i]]
        active = [i for i in range(c.rows) if not is_set[i] and is_active[i]]
        p = layer.plasticities[j]
        moves = (min(len(silent), len(active)) * p + (draw(base, 0) >> 49)) >> 15
        for i in self.chosen(moves, silent, draw(base, 1)):
            c.weights[i * layer.size + j] = 0
        for i in self.chosen(moves, active, draw(base, 2)):
            c.weights[i * layer.size + j] = SET
        layer.plasticities[j] = max(
            c.plasticity_min, p - ((p * c.plasticity_decay + 65535) >> 16)
        )
        core = layer.core_of[j]
        self.ledger.work("learning-operation", core, chip_step, c.rows)
        self.ledger.work("weight-read", core, chip_step, c.rows)
        self.ledger.work("weight-write", core, chip_step, 2 * moves)
        self.ledger.work("trace-update", core, chip_step)

    def compete(self, c, label, chip_step):
        layer, group = c.layer, c.layer.neurons_per_class
        neurons = range(label * group, (label + 1) * group)
        strengths = {j: self.scores[j] * (c.competition + layer.plasticities[j]) for j in neurons}
        for j in neurons:
            self.ledger.work("learning-operation", layer.core_of[j], chip_step)
        winner = max(neurons, key=strengths.get)
        first, *others = sorted({layer.core_of[j] for j in neurons})
        for core in others:
            self.ledger.message("message", core, first, chip_step)
        if layer.core_of[winner] != first:
            self.ledger.message("message", first, layer.core_of[winner], chip_step)
        return winner

    @staticmethod
    def chosen(count, listed, row):
        """So many of a list: one after another, with the chance that is left for each."""
        taken = []
        for place, i in enumerate(listed):
            left = len(listed) - place
            if (number(row, i) * left) >> 16 < count - len(taken):
                taken.append(i)
        return taken
