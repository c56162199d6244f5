"""Three-factor learning and local rules."""

from chip import Chip, draw, number, stream
from golden import joined, rule_state

ROUNDING = 2
TRACE_LIMIT = 32767
ACTIVITY_LIMIT = 7


class LearningChip(Chip):
    """The chip with all rules: first what three-factor learning needs, then the local ones."""

    def __init__(self, model):
        super().__init__(model)
        self.learning_shift = 16 - model.learning_weight_bits
        self.readout = self.layers[-1]
        taught = {c.layer.index for c in self.three_factor} - {self.readout.index}
        self.takers = [self.layers[index] for index in sorted(taught)]

    def saturate(self, trace):
        return self.clip(trace, 0, TRACE_LIMIT)

    def learn(self, step, lesson):
        """One step of all rules: the lines about it."""
        lines = []
        if self.three_factor:
            lines.append(f"  errors {joined(self.learn_from_label(step, lesson))}")
        for c in self.connections:
            if c.rule == "pair STDP":
                self.pair_stdp(c, step, lesson)
            elif c.rule == "SDSP":
                self.sdsp(c, step, lesson)
        return lines + [f"  {c.name}: {rule_state(c)}" for c in self.connections if c.rule]

    def errors(self, label):
        v, shift = self.readout.v, self.readout.logit_shift
        half = 2 ** (shift - 1) if shift else 0
        logits = [((max(v) - v_k) * self.readout.logit_multiplier + half) >> shift for v_k in v]
        q = [((32 - x % 16) << 11) >> (x // 16) if x // 16 < 17 else 0 for x in logits]
        return [
            (256 * q_k + sum(q) // 2) // sum(q) - (256 if k == label else 0)
            for k, q_k in enumerate(q)
        ]

    def feedback(self, layer):
        """The connection from a layer to the readout along which errors come back."""
        return next(
            c
            for c in self.readout.connections
            if c.source == layer.index and c.is_dense and not c.pooling and c.delay == 0
        )

    def mirror(self, c, i):
        """The core that repeats the sums of row i of the readout's weights, if one does."""
        for layer in self.takers:
            if c.layer is self.readout and self.feedback(layer) is c:
                return layer.core_of[i]
        return None

    def learn_from_label(self, step, lesson):
        e, size = self.errors(lesson.label), self.readout.size
        chip_step = step + self.readout.phase
        layer_errors = {self.readout.index: e}
        for layer in self.takers:
            c = self.feedback(layer)
            layer_errors[layer.index] = [
                sum(self.weight(c, j * size + k) * e[k] for k in range(size))
                for j in range(layer.size)
            ]
            for sender in (self.readout.core_of[k] for k in range(size) if e[k]):
                for core in sorted(set(layer.core_of)):
                    self.ledger.message("error-message", sender, core, chip_step)
                    neurons = layer.core_of.count(core)
                    self.ledger.answer("feedback-operation", core, chip_step, neurons)
        for c in self.three_factor:
            own_step = chip_step + (c.layer is not self.readout)
            self.raise_pre_traces(c, step, own_step)
            for j in range(c.layer.size):
                self.accumulate(c, j, layer_errors[c.layer.index][j], step, own_step)
        return e

    def raise_pre_traces(self, c, step, chip_step):
        spikes = self.taken(c, step)
        for i in range(c.rows):
            c.has_spiked[i] |= i in spikes
            rise = c.impulse if i in spikes else 0
            c.pre[i] = self.saturate(((c.pre[i] * c.pre_decay) >> 12) + rise)
            for core in set(c.layer.core_of) if c.has_spiked[i] else []:
                self.ledger.work("trace-update", core, chip_step)

    def signal(self, c, product):
        half = 2 ** (c.signal_shift - 1) if c.signal_shift else 0
        size = self.clip((abs(product) + half) >> c.signal_shift, 0, c.signal_limit)
        return -size if product < 0 else size

    def accumulate(self, c, j, error, step, chip_step):
        psi = 256
        if c.layer is not self.readout:
            psi = c.layer.psi[j]
            self.ledger.work("trace-update", c.layer.core_of[j], chip_step)
        s, p = self.signal(c, error * psi * c.pre_factor), 0
        if c.post_factor:
            c.post[j] = self.saturate(((c.post[j] * c.post_decay) >> 12) + psi)
            p = self.signal(c, error * c.post[j] * c.post_factor)
        spikes = self.taken(c, step)
        for i in range(c.rows):
            for product in (s * c.pre[i], p * c.impulse * (i in spikes)):
                if product:
                    c.sums[i * c.layer.size + j] += product
                    self.ledger.work("learning-operation", c.layer.core_of[j], chip_step)
                    if (core := self.mirror(c, i)) is not None:
                        self.ledger.work("learning-operation", core, chip_step + 1)

    def apply_sums(self, lesson, chip_step):
        for c in self.three_factor:
            for place, total in enumerate(c.sums):
                if total == 0:
                    continue
                i, j = divmod(place, c.layer.size)
                row = stream(lesson.seed, ROUNDING, lesson.ordinal, c.index * 2**32 + i)
                steps = (((total * c.gain) >> 16) + number(row, j)) >> 16
                holders = [c.layer.core_of[j], self.mirror(c, i)]
                self.visit(c, place, -steps, [h for h in holders if h is not None], chip_step)

    def visit(self, c, place, steps, cores, chip_step):
        old = c.weights[place]
        c.weights[place] = self.clip(old + (steps << self.learning_shift), *c.bounds)
        for core in cores:
            self.ledger.work("learning-operation", core, chip_step)
            self.ledger.work("weight-read", core, chip_step)
            if c.weights[place] != old:
                self.ledger.work("weight-write", core, chip_step)

    def visited(self, c, step, direction, spikes, lesson):
        """The rows or columns of spikes, each with the stream that it draws from."""
        base = stream(
            lesson.seed, ROUNDING, lesson.ordinal, c.index * 2**32 + step * 2 + direction
        )
        return [(spike, draw(base, spike)) for spike in spikes]

    def pair_stdp(self, c, step, lesson):
        size, cores, chip_step = c.layer.size, c.layer.core_of, step + c.layer.phase
        fired = self.fired[c.layer.index][step]
        self.raise_pre_traces(c, step, chip_step)
        for j in range(size):
            if c.post[j]:
                self.ledger.work("trace-update", cores[j], chip_step)
            c.post[j] = (c.post[j] * c.post_decay) >> 12
        for i, row in self.visited(c, step, 0, self.taken(c, step), lesson):
            for j in range(size):
                steps = (c.post[j] * c.depression + number(row, j)) >> 16
                self.visit(c, i * size + j, -steps, [cores[j]], chip_step)
        for j, column in self.visited(c, step, 1, fired, lesson):
            for i in range(c.rows):
                rise = (c.pre[i] - c.pre_target) * c.potentiation
                steps = (rise + number(column, i)) >> 16
                self.visit(c, i * size + j, steps, [cores[j]], chip_step)
        for j in fired:
            c.post[j] = self.saturate(c.post[j] + c.impulse)
            self.ledger.work("trace-update", cores[j], chip_step)

    def sdsp(self, c, step, lesson):
        size, cores, chip_step = c.layer.size, c.layer.core_of, step + c.layer.phase
        if step > 0 and step % c.activity_leak_steps == 0:
            for j in range(size):
                if c.post[j]:
                    c.post[j] -= 1
                    self.ledger.work("trace-update", cores[j], chip_step)
        for i, row in self.visited(c, step, 0, self.taken(c, step), lesson):
            for j in range(size):
                is_up = c.layer.v[j] >= c.potential_threshold
                highest = c.activity_max_up if is_up else c.activity_max_down
                moves = number(row, j) < c.probability and c.activity_min <= c.post[j] < highest
                steps = (1 if is_up else -1) if moves else 0
                self.visit(c, i * size + j, steps, [cores[j]], chip_step)
        for j in self.fired[c.layer.index][step]:
            if c.post[j] < ACTIVITY_LIMIT:
                c.post[j] += 1
                self.ledger.work("trace-update", cores[j], chip_step)
