"""Three-factor learning and local rules."""

from chip import Chip, decayed, draw, number, stream
from golden import joined, rule_state
from edge import EdgeLearning
from programs import Programs
from sample_end import SampleEnd

ROUNDING = 2
FEEDBACK = 5
TRACE_LIMIT = 32767
ACTIVITY_LIMIT = 7


class LearningChip(SampleEnd, EdgeLearning, Programs, Chip):
    """The chip with all rules: first what three-factor learning needs, then the local ones."""

    def __init__(self, model):
        super().__init__(model)
        self.learning_shift = 16 - model.learning_weight_bits
        self.readout = self.layers[-1]
        taught = {c.layer.index for c in self.three_factor} - {self.readout.index}
        self.takers = [self.layers[index] for index in sorted(taught)]

    def finish(self, lesson, chip_step):
        if not lesson.only_assigns:
            self.apply_sums(lesson, chip_step)
            self.finish_programs(lesson, chip_step)
            self.learn_by_competition(lesson, chip_step)
            self.normalise(lesson, chip_step)
            self.lower_thresholds(lesson, chip_step)
        if lesson.label is not None and self.readout.classes:
            self.assign(lesson.label, chip_step)

    def saturate(self, trace):
        return self.clip(trace, 0, TRACE_LIMIT)

    def learn(self, step, lesson):
        """One step of all rules: the lines about it."""
        lines = []
        self.raise_thresholds(step)
        if self.three_factor:
            lines += self.learn_from_label(step, lesson)
        for c in self.connections:
            if c.rule == "pair STDP":
                self.pair_stdp(c, step, lesson)
            elif c.rule == "SDSP":
                self.sdsp(c, step, lesson)
            elif c.rule == "weights of one bit":
                self.count_activity(c, step, lesson)
            elif c.rule == "sums of products":
                self.run_program(c, step, lesson)
        return lines + [f"  {c.name}: {rule_state(c)}" for c in self.connections if c.rule]

    def errors(self, v, label, multiplier, shift):
        half = 2 ** (shift - 1) if shift else 0
        logits = [((max(v) - v_k) * multiplier + half) >> shift for v_k in v]
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

    def repeating(self, c):
        """The layer whose cores repeat the sums of the readout's weights, if one does."""
        for layer in self.takers:
            repeats = layer.feedback in ("symmetric", "adaptive") and c.layer is self.readout
            if repeats and self.feedback(layer) is c:
                return layer
        return None

    def mirror(self, c, i):
        """The core that repeats the sums of row i of the readout's weights, if one does."""
        layer = self.repeating(c)
        return layer.core_of[i] if layer else None

    def learn_from_label(self, step, lesson):
        readout = self.readout
        e = self.errors(readout.v, lesson.label, readout.logit_multiplier, readout.logit_shift)
        layer_errors = {readout.index: e if step >= readout.first_step else [0] * readout.size}
        for layer in self.takers:
            layer_errors[layer.index] = self.feed_back(e, layer, step, lesson.label)
        for c in self.three_factor:
            own_step = self.learning_step(step, c.layer)
            self.raise_pre_traces(c, step, own_step)
            for j in range(c.layer.size):
                self.accumulate(c, j, layer_errors[c.layer.index][j], step, own_step)
        for c in self.three_factor:
            if c.each_step:
                self.apply(c, lesson, step, (step + 1) * self.step_length - 1)
        lines = [f"  errors {joined(e)}"]
        for layer in self.takers:
            if layer.has_signal:
                lines.append(f"  errors of {layer.name} {joined(layer_errors[layer.index])}")
        return lines

    def learning_step(self, step, layer):
        """The chip step in which a layer works on traces and products of a step."""
        if layer is self.readout:
            return self.chip_step(step, layer)
        return self.chip_step(step, layer if layer.feedback == "local" else self.readout) + 1

    def feedback_weight(self, layer, j, k):
        if layer.feedback == "symmetric":
            return self.weight(self.feedback(layer), j * self.readout.size + k)
        if layer.feedback == "adaptive":
            w = layer.feedback_weights[j * self.readout.size + k]
            return max(-127, min(127, (w + 128) >> 8))
        row = stream(layer.feedback_seed, FEEDBACK, layer.index, j)
        return ((number(row, k) * 255) >> 16) - 127

    def feed_back(self, e, layer, step, label):
        """By neuron of a layer: its error."""
        classes, is_local = self.readout.size, layer.feedback == "local"
        if is_local:
            self.integrate_locally(layer, step)
            e = self.errors(layer.local_v, label, layer.local_multiplier, layer.local_shift)
        errors = [0] * layer.size
        if step >= layer.first_step:
            self.send_errors(e, layer, step)
            errors = [
                sum(self.feedback_weight(layer, j, k) * e[k] for k in range(classes))
                for j in range(layer.size)
            ]
        if layer.rate:
            target, factor, shift = layer.rate
            for j in self.fired[layer.index][step]:
                layer.spike_counts[j] += 1
            for j, count in enumerate(layer.spike_counts):
                errors[j] += ((256 * count - target * (step + 1)) * factor) >> shift
                self.ledger.work("trace-update", layer.core_of[j], self.learning_step(step, layer))
        return errors

    def send_errors(self, e, layer, step):
        chip_step = self.chip_step(step, self.readout)
        for sender in (self.readout.core_of[k] for k in range(len(e)) if e[k]):
            for core in sorted(set(layer.core_of)):
                neurons = layer.core_of.count(core)
                if layer.feedback == "local":
                    own_step = self.learning_step(step, layer)
                    for _ in range(neurons):
                        self.ledger.work("feedback-operation", core, own_step)
                    continue
                self.ledger.message("error-message", sender, core, chip_step)
                self.ledger.answer("feedback-operation", core, chip_step, neurons)

    def integrate_locally(self, layer, step):
        spikes, chip_step = self.fired[layer.index][step], self.chip_step(step, layer)
        for spike in spikes:
            for core in sorted(set(layer.core_of)):
                if core != layer.core_of[spike]:
                    self.ledger.message("message", layer.core_of[spike], core, chip_step)
                self.ledger.answer("feedback-operation", core, chip_step, self.readout.size)
        for k, v in enumerate(layer.local_v):
            v = decayed(v, layer.local_decay)
            v += sum(self.feedback_weight(layer, j, k) for j in spikes)
            layer.local_v[k] = self.clip(v, -(2**23) + 1, 2**23 - 1)

    def raise_pre_traces(self, c, step, chip_step):
        spikes, second = self.taken(c, step), getattr(c, "second_pre_decay", 0)
        for i in range(c.rows):
            c.has_spiked[i] |= i in spikes
            rise = c.impulse if i in spikes else 0
            c.first[i] = self.saturate(((c.first[i] * c.pre_decay) >> 12) + rise)
            if second:
                c.pre[i] = self.saturate(((c.pre[i] * second) >> 12) + c.first[i])
            else:
                c.pre[i] = c.first[i]
            for core in set(c.layer.core_of) if c.has_spiked[i] else []:
                for _ in range(2 if second else 1):
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
        if c.adaptation_factor:
            self.adapt(c, j, s, psi, chip_step)
            return
        if c.post_factor:
            before = c.post[j]
            c.post[j] = self.saturate(((before * c.post_decay) >> 12) + psi)
            p = self.signal(c, error * (before if c.reads_before else c.post[j]) * c.post_factor)
        spikes = self.taken(c, step)
        for i in range(c.rows):
            for product in (s * c.pre[i], p * c.impulse * (i in spikes)):
                if product:
                    c.sums[i * c.layer.size + j] += product
                    self.ledger.work("learning-operation", c.layer.core_of[j], chip_step)
                    if (core := self.mirror(c, i)) is not None:
                        self.ledger.work("learning-operation", core, chip_step + 1)

    def adapt(self, c, j, s, psi, chip_step):
        """Products of the synapses' own traces, then a step of these."""
        share, core = (psi * c.adaptation_factor) >> 8, c.layer.core_of[j]
        for i in (i for i in range(c.rows) if c.has_spiked[i]):
            place = i * c.layer.size + j
            q = c.eligibility[place]
            c.sums[place] += s * (c.pre[i] - q)
            kept = q * (c.layer.adaptation_decay - share)
            c.eligibility[place] = (kept + c.pre[i] * share) >> 12
            self.ledger.work("trace-update", core, chip_step)
            if s:
                self.ledger.work("learning-operation", core, chip_step)

    def apply_sums(self, lesson, chip_step):
        for c in self.three_factor:
            if not c.each_step:
                self.apply(c, lesson, 0, chip_step)

    def apply(self, c, lesson, step, chip_step):
        for place, total in enumerate(c.sums):
            if total == 0:
                continue
            i, j = divmod(place, c.layer.size)
            row = stream(
                lesson.seed, ROUNDING, lesson.ordinal, c.index * 2**32 + step * 2**20 + i
            )

            def steps(weight):
                decay = (weight >> self.learning_shift) * c.weight_decay
                return (((total * c.gain) >> 16) + decay + number(row, j)) >> 16

            holder, cores = self.repeating(c), [c.layer.core_of[j]]
            if holder and holder.feedback == "symmetric":
                cores.append(holder.core_of[i])
            elif holder:
                self.adapt_feedback(holder, place, i, steps, chip_step)
            self.visit(c, place, -steps(c.weights[place]), cores, chip_step)
            c.sums[place] = 0

    def adapt_feedback(self, layer, place, neuron, steps, chip_step):
        """The same change to a weight along which errors come back."""
        old, unit = layer.feedback_weights[place], 1 << self.learning_shift
        new = self.clip(old - steps(old) * unit, -(32640 // unit) * unit, 32639 // unit * unit)
        layer.feedback_weights[place] = new
        for kind in ("learning-operation", "weight-read", "weight-write"):
            if kind != "weight-write" or new != old:
                self.ledger.work(kind, layer.core_of[neuron], chip_step)

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
        size, cores, chip_step = c.layer.size, c.layer.core_of, self.chip_step(step, c.layer)
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
        size, cores, chip_step = c.layer.size, c.layer.core_of, self.chip_step(step, c.layer)
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
