"""Random numbers, messages and steps of layers."""

from golden import joined, layer_state, row_of
from ledger import Ledger

GAMMA = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
    return z ^ (z >> 31)


def draw(stream, c):
    return mix((stream + (c + 1) * GAMMA) % 2**64)


def stream(seed, purpose, a, b):
    key = mix((mix((seed + GAMMA) % 2**64) + purpose * GAMMA) % 2**64)
    return draw(draw(key, a), b)


def number(stream, k):
    return (draw(stream, k >> 2) >> (16 * (k & 3))) & 0xFFFF


def decayed(x, decay):
    size = (abs(x) * decay) >> 12
    return -size if x < 0 else size


class Chip:
    """Steps of layers; `learn` and what ends a sample are those of LearningChip."""

    def __init__(self, model):
        self.model, self.layers = model, model.layers
        self.connections = [c for layer in model.layers for c in layer.connections]
        self.ledger = Ledger(model)
        self.saturations = 0
        self.potential_limit = 2 ** (model.potential_bits - 1) - 1
        self.three_factor = [c for c in self.connections if c.rule == "three factors"]

    def clip(self, value, low, high):
        kept = max(low, min(high, value))
        self.saturations += kept != value
        return kept

    def show(self, inputs, lesson=None):
        """One showing of a sample: the lines of its steps, and what is returned with it."""
        model, ledger, lines = self.model, self.ledger, []
        chip_steps = model.steps + max(layer.phase for layer in self.layers)
        self.step_length = 1
        if lesson and any(c.each_step for c in self.three_factor):
            self.step_length = max(layer.phase for layer in self.layers) + 2
            chip_steps = model.steps * self.step_length
        elif lesson and self.three_factor:
            chip_steps += 2
        elif lesson and (self.finishes_samples or self.has_end):
            chip_steps += 1
        ledger.begin(chip_steps, "learning" if lesson else "inference")
        self.rest()
        if lesson and lesson.reward is not None:
            self.send_reward(lesson.reward, None, 0)
        for step in range(model.steps):
            lines.append(f"step {step}: input {joined(inputs[step])}")
            self.fired[None].append(inputs[step])
            self.send(None, step, 0)
            for layer in self.layers:
                self.fired[layer.index].append(self.run(layer, step, lesson))
                self.send(layer.index, step, layer.phase)
            learnt = self.learn(step, lesson) if lesson and not lesson.only_assigns else []
            for layer in self.layers:
                lines.append(f"  {layer.name}: {layer_state(layer, self.fired[layer.index][-1])}")
            lines += learnt
        self.score(chip_steps - 1)
        if lesson:
            self.finish(lesson, chip_steps - 1)
        ledger.end()
        spikes = [sum(map(len, self.fired[layer.index])) for layer in self.layers]
        scores = self.class_scores
        result = (
            f"label {self.decision}, scores {joined(scores)}, spikes of "
            f"the input {sum(map(len, inputs))}, of layers {joined(spikes)}"
        )
        return [f"  | {line}" for line in lines], result

    @property
    def class_scores(self):
        """The largest score of each class's neurons."""
        group = self.layers[-1].neurons_per_class
        firsts = range(0, len(self.scores), group)
        return [max(self.scores[first : first + group]) for first in firsts]

    @property
    def decision(self):
        scores = self.class_scores
        return scores.index(max(scores))

    def rest(self):
        """All state is zero at the start of a sample."""
        self.fired = {None: [], **{layer.index: [] for layer in self.layers}}
        self.scores = [0] * (self.layers[-1].classes or self.layers[-1].size)
        for layer in self.layers:
            for name in ("v", "u", "a", "psi", "refractory_left", "spike_counts"):
                setattr(layer, name, [0] * layer.size)
            layer.local_v = [0] * self.layers[-1].size
        for c in self.connections:
            c.pre, c.first, c.has_spiked = [0] * c.rows, [0] * c.rows, [False] * c.rows
            c.eligibility = [0] * len(c.weights)
            c.post, c.sums = [0] * c.layer.size, [0] * len(c.weights)
        self.rest_programs()

    def take_current(self, intensities):
        """What intensities add to neurons in each step."""
        for layer in self.layers:
            layer.drive = [0] * layer.size
            for c in layer.connections:
                if c.source is None:
                    for j in range(layer.size):
                        total = sum(x * c.weights[i * layer.size + j]
                                    for i, x in enumerate(intensities))
                        layer.drive[j] += (total << (self.model.input_shift + c.shift)) >> 8

    def chip_step(self, step, layer):
        return step * self.step_length + layer.phase

    def taken(self, c, step):
        return self.fired[c.source][step - c.delay] if step >= c.delay else []

    def weight(self, c, place):
        w = c.weights[place]
        return max(-127, min(127, (w + 128) >> 8)) if c.rule else w

    def send(self, source, step, phase):
        for spike in self.fired[source][step]:
            sender = None if source is None else self.layers[source].core_of[spike]
            for core in range(len(self.model.cores)):
                answers = []
                for c in self.connections:
                    row = row_of(c, spike) if c.source == source else None
                    if row is not None:
                        reached = sum(c.layer.core_of[j] == core for j, _ in c.synapses[row])
                        answers.append((c.operation, reached))
                if not any(reached for _, reached in answers):
                    continue
                chip_step = step * self.step_length + phase
                self.ledger.message("message", sender, core, chip_step)
                for operation, reached in answers:
                    self.ledger.answer(operation, core, chip_step, reached)

    def run(self, layer, step, lesson):
        inputs, is_reached = [0] * layer.size, [False] * layer.size
        if self.model.encoder == "direct current":
            inputs, is_reached = list(layer.drive), [drive != 0 for drive in layer.drive]
        for c in layer.connections:
            if c.source is None and self.model.encoder == "direct current":
                continue
            rows = [row_of(c, spike) for spike in self.taken(c, step)]
            rows = [row for row in rows if row is not None]
            at_once = self.model.columns[0] if self.model.columns else len(rows) or 1
            for first in range(0, len(rows), at_once):
                sums = [0] * layer.size
                for row in rows[first : first + at_once]:
                    for j, place in c.synapses[row]:
                        sums[j] += self.weight(c, place)
                        is_reached[j] = True
                for j, total in enumerate(sums):
                    inputs[j] += self.read(total) << (self.model.input_shift + c.shift)
                if self.model.columns:
                    for core in layer.core_of:
                        self.ledger.work("column-conversion", core, self.chip_step(step, layer))
        spikes, excess = [], {}
        for j in range(layer.size):
            charge = layer.bias[j] + self.teaching(layer, j, lesson)
            core, chip_step = layer.core_of[j], self.chip_step(step, layer)
            self.ledger.work("neuron-access", core, chip_step)
            if is_reached[j] or layer.v[j] or layer.u[j] or charge:
                self.ledger.work("neuron-update", core, chip_step)
            if layer.current_decay is not None:
                layer.u[j] = self.cut(decayed(layer.u[j], layer.current_decay) + inputs[j])
                inputs[j] = layer.u[j]
            w = decayed(layer.v[j], layer.decay) + inputs[j] + charge
            if layer.is_readout:
                layer.v[j] = self.clip(w, -self.potential_limit, self.potential_limit)
                self.scores[j] += layer.v[j]
            else:
                self.charge(layer, j, w, excess)
        if layer.is_readout:
            return spikes
        spikes = [j for j in excess if excess[j] > 0]
        if layer.inhibition is not None and spikes:
            candidates, spikes = spikes, [max(spikes, key=excess.get)]
            self.inhibit(layer, spikes[0], candidates, self.chip_step(step, layer))
        for j in range(layer.size):
            self.follow(layer, j, j in spikes)
        for j in spikes:
            self.ledger.work("spike", layer.core_of[j], self.chip_step(step, layer))
            if layer is self.layers[-1] and not layer.classes:
                self.scores[j] += 1
        return spikes

    def read(self, total):
        """What a converter makes of a column's sum."""
        if not self.model.columns:
            return total
        rows, bits = self.model.columns
        shift = max(0, 7 + (rows - 1).bit_length() - bits)
        level = (total + (1 << shift >> 1)) >> shift
        return max(1 - 2**bits, min(2**bits - 1, level)) << shift

    def inhibit(self, layer, winner, candidates, chip_step):
        first, *others = sorted(set(layer.core_of))
        for core in others:
            if core in (layer.core_of[j] for j in candidates):
                self.ledger.message("message", core, first, chip_step)
            self.ledger.message("message", first, core, chip_step)
        for j in range(layer.size):
            if j != winner:
                v = layer.v[j] - layer.inhibition
                layer.v[j] = self.clip(v, -self.potential_limit, self.potential_limit)
                self.ledger.answer("synaptic-operation", layer.core_of[j], chip_step, 1)

    def teaching(self, layer, j, lesson):
        if not layer.teacher or not lesson or lesson.label is None:
            return 0
        return layer.teacher[0] if j == lesson.label else -layer.teacher[1]

    def cut(self, current):
        half = 2 ** (self.model.current_bits - 1)
        if self.model.overflow == "saturate":
            return self.clip(current, 1 - half, half - 1)
        kept = (current + half) % (2 * half) - half
        self.saturations += kept != current
        return kept

    def charge(self, layer, j, w, excess):
        if layer.refractory_left[j]:
            layer.refractory_left[j] -= 1
            layer.psi[j] = 0
        else:
            layer.v[j] = v = self.clip(w, -self.potential_limit, self.potential_limit)
            threshold, a = layer.threshold[j], layer.a[j]
            if layer.h:
                a += layer.h[j] << layer.rise_shift
            excess[j] = v - threshold - a
            if layer.psi_multiplier:
                height = max(0, threshold - abs(excess[j]))
                layer.psi[j] = (height * layer.psi_multiplier[j]) >> layer.psi_shift

    def follow(self, layer, j, has_fired):
        """What a neuron's own spike changes, and the rise of its threshold."""
        if has_fired:
            layer.refractory_left[j] = layer.refractory
            if layer.reset == "soft":
                layer.v[j] -= layer.threshold[j]
            elif layer.reset == "hard":
                layer.v[j] = layer.reset_potential[j]
        if layer.adaptation_decay is not None:
            rise = decayed(layer.a[j], layer.adaptation_decay)
            rise += layer.adaptation_impulse[j] if has_fired else 0
            layer.a[j] = self.clip(rise, 0, self.potential_limit)
