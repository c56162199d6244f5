"""Thresholds that outlive samples, weights scaled to a sum, and classes of neurons."""

from chip import draw, number, stream

ROUNDING = 2
LIMIT = 32767


class SampleEnd:
    """What a layer learns beside weights, and what happens when a sample ends."""

    @property
    def finishes_samples(self):
        return (
            any(layer.h or layer.classes or layer.plasticities for layer in self.layers)
            or any(c.normalisation for c in self.connections)
        )

    def spike_counts(self, layer):
        spikes = [j for step in self.fired[layer.index] for j in step]
        return {j: spikes.count(j) for j in sorted(set(spikes))}

    def raise_thresholds(self, step):
        for layer in self.layers:
            for j in self.fired[layer.index][step] if layer.h else []:
                layer.h[j] = self.clip(layer.h[j] + layer.rise_impulse, 0, LIMIT)
                self.ledger.work("trace-update", layer.core_of[j], self.chip_step(step, layer))

    def lower_thresholds(self, lesson, chip_step):
        for layer in self.layers:
            for j, h in enumerate(layer.h or []):
                if h:
                    key = (2**20 + layer.index) * 2**32
                    row = stream(lesson.seed, ROUNDING, lesson.ordinal, key)
                    layer.h[j] -= (((h * layer.rise_decay) >> 16) + number(row, j)) >> 16
                    self.ledger.work("trace-update", layer.core_of[j], chip_step)

    def normalise(self, lesson, chip_step):
        for c in self.connections:
            for j in self.spike_counts(c.layer) if c.normalisation else {}:
                base = stream(
                    lesson.seed, ROUNDING, lesson.ordinal, c.index * 2**32 + 2**16
                )
                self.scale(c, j, draw(base, j), chip_step)

    def scale(self, c, j, column, chip_step):
        places = [i * c.layer.size + j for i in range(c.rows)]
        total, core = sum(c.weights[place] for place in places), c.layer.core_of[j]
        for kind in ("learning-operation", "weight-read"):
            self.ledger.work(kind, core, chip_step, len(places))
        if total == 0:
            return
        factor = min(65535, (c.normalisation << 14) // total)
        for i, place in enumerate(places):
            steps = c.weights[place] >> self.learning_shift
            scaled = (steps * factor + (number(column, i) >> 2)) >> 14
            self.visit(c, place, scaled - steps, [core], chip_step)

    def score(self, chip_step):
        layer = self.layers[-1]
        if not layer.classes:
            return
        counts = self.spike_counts(layer)
        for j, spikes in counts.items():
            own = layer.assigned[j * layer.classes : (j + 1) * layer.classes]
            for k, count in enumerate(own):
                self.scores[k] += spikes * ((count << 16) // sum(own)) if sum(own) else 0
            self.ledger.work("synaptic-operation", layer.core_of[j], chip_step, layer.classes)
        first, *others = sorted(set(layer.core_of))
        for core in others:
            if core in (layer.core_of[j] for j in counts):
                for _ in range(layer.classes):
                    self.ledger.message("message", core, first, chip_step)

    def assign(self, label, chip_step):
        layer = self.layers[-1]
        for j, spikes in self.spike_counts(layer).items():
            first = j * layer.classes
            if layer.assigned[first + label] + spikes > LIMIT:
                for place in range(first, first + layer.classes):
                    layer.assigned[place] >>= 1
            layer.assigned[first + label] += spikes
            self.ledger.work("trace-update", layer.core_of[j], chip_step)
