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
    """Steps of layers; `learn` and `apply_sums` are those of LearningChip."""

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
        if lesson and self.three_factor:
            chip_steps += 2
        ledger.begin(chip_steps, "learning" if lesson else "inference")
        self.rest()
        for step in range(model.steps):
            lines.append(f"step {step}: input {joined(inputs[step])}")
            self.fired[None].append(inputs[step])
            self.send(None, step, 0)
            for layer in self.layers:
                self.fired[layer.index].append(self.run(layer, step, lesson))
                self.send(layer.index, step, layer.phase)
                lines.append(f"  {layer.name}: {layer_state(layer, self.fired[layer.index][-1])}")
            if lesson:
                lines += self.learn(step, lesson)
        if lesson:
            self.apply_sums(lesson, chip_steps - 1)
        ledger.end()
        spikes = [sum(map(len, self.fired[layer.index])) for layer in self.layers]
        result = (
            f"label {self.scores.index(max(self.scores))}, scores {joined(self.scores)}, spikes of "
            f"the input {sum(map(len, inputs))}, of layers {joined(spikes)}"
        )
        return [f"  | {line}" for line in lines], result

    def rest(self):
        """All state is zero at the start of a sample."""
        self.fired = {None: [], **{layer.index: [] for layer in self.layers}}
        self.scores = [0] * self.layers[-1].size
        for layer in self.layers:
            for name in ("v", "u", "a", "psi", "refractory_left"):
                setattr(layer, name, [0] * layer.size)
        for c in self.connections:
            c.pre, c.has_spiked = [0] * c.rows, [False] * c.rows
            c.post, c.sums = [0] * c.layer.size, [0] * len(c.weights)

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
                self.ledger.message("message", sender, core, step + phase)
                for operation, reached in answers:
                    self.ledger.answer(operation, core, step + phase, reached)

    def run(self, layer, step, lesson):
        inputs, is_reached = [0] * layer.size, [False] * layer.size
        for c in layer.connections:
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
                        self.ledger.work("column-conversion", core, step + layer.phase)
        spikes = []
        for j in range(layer.size):
            charge = layer.bias[j] + self.teaching(layer, j, lesson)
            core, chip_step = layer.core_of[j], step + layer.phase
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
            elif self.fires(layer, j, w):
                spikes.append(j)
                self.ledger.work("spike", core, chip_step)
                if layer is self.layers[-1]:
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

    def fires(self, layer, j, w):
        has_fired = False
        if layer.refractory_left[j]:
            layer.refractory_left[j] -= 1
            layer.psi[j] = 0
        else:
            layer.v[j] = v = self.clip(w, -self.potential_limit, self.potential_limit)
            threshold, a = layer.threshold[j], layer.a[j]
            if layer.psi_multiplier:
                height = max(0, threshold - abs(v - threshold - a))
                layer.psi[j] = (height * layer.psi_multiplier[j]) >> layer.psi_shift
            has_fired = v > threshold + a
            if has_fired:
                layer.refractory_left[j] = layer.refractory
                if layer.reset == "soft":
                    layer.v[j] -= threshold
                elif layer.reset == "hard":
                    layer.v[j] = layer.reset_potential[j]
        if layer.adaptation_decay is not None:
            rise = decayed(layer.a[j], layer.adaptation_decay)
            rise += layer.adaptation_impulse[j] if has_fired else 0
            layer.a[j] = self.clip(rise, 0, self.potential_limit)
        return has_fired
