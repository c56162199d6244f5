"""Sums of products: rules that are data."""

from types import SimpleNamespace

from chip import draw, number, stream

ROUNDING = 2
LIMIT = 32767
ROWS, COLUMNS, PERIODS, END = range(4)


class Programs:
    """What a chip does for connections whose rule is a sum of products."""

    @property
    def programs(self):
        return [c for c in self.connections if c.rule == "sums of products"]

    @property
    def has_end(self):
        return any(term.occasion == "end" for c in self.programs for term in c.terms)

    def rest_programs(self):
        for c in self.programs:
            for trace in c.traces:
                trace.values = [0] * (c.rows if trace.name[0] == "x" else c.layer.size)
            has_tags = any(term.target == "dt" for term in c.terms)
            c.tags = [0] * len(c.weights) if has_tags else []

    def send_reward(self, reward, sender, chip_step):
        readers = {
            c.layer.index
            for c in self.programs
            if any(name == "r" for term in c.terms for name, _ in term.factors)
        }
        for layer in sorted(readers):
            if not reward and self.layers[layer].mean_rate is None:
                continue
            for core in sorted(set(self.layers[layer].core_of)):
                self.ledger.message("error-message", sender, core, chip_step)

    def run_program(self, c, step, lesson):
        chip_step = step + c.layer.phase
        now = self.moment(c, step, chip_step, lesson, self.seen(lesson.reward, c.layer))
        for i in now.sources:
            c.has_spiked[i] = True
        for trace in c.traces:
            self.fall(c, trace, chip_step)
        for trace in c.traces:
            if not trace.is_read_before:
                self.rise(c, trace, now)
        everything = [(i, j) for i in range(c.rows) for j in range(c.layer.size)]
        rows = [(i, j) for i in now.sources for j in range(c.layer.size)]
        columns = [(i, j) for j in now.targets for i in range(c.rows)]
        self.visits(c, [t for t in c.terms if t.occasion == "x0"], rows, ROWS, now)
        self.visits(c, [t for t in c.terms if t.occasion == "y0"], columns, COLUMNS, now)
        due = [
            t
            for t in c.terms
            if t.occasion[0] == "u" and (step + 1) % 2 ** int(t.occasion[1:]) == 0
        ]
        self.visits(c, due, everything, PERIODS, now)
        for trace in c.traces:
            if trace.is_read_before:
                self.rise(c, trace, now)

    def seen(self, reward, layer):
        """A reward as a layer's rules see it."""
        if reward is None or layer.mean_rate is None:
            return reward or 0
        return reward - (layer.reward_mean >> 7)

    def follow_rewards(self, reward, chip_step):
        for layer in self.layers if reward is not None else []:
            if layer.mean_rate is not None:
                way = ((reward * 128 - layer.reward_mean) * layer.mean_rate + 32768) >> 16
                layer.reward_mean = max(-LIMIT, min(LIMIT, layer.reward_mean + way))
                for core in sorted(set(layer.core_of)):
                    self.ledger.work("trace-update", core, chip_step)

    def finish_programs(self, lesson, chip_step):
        if not self.has_end:
            self.follow_rewards(lesson.reward, chip_step)
            return
        reward = lesson.reward
        if lesson.reward is None and lesson.label is not None:
            decision = lesson.decision
            if decision is None:
                decision = self.scores.index(max(self.scores))
            reward = 256 if decision == lesson.label else -256
            last = self.layers[-1]
            sent = self.model.steps - 1 + last.phase
            self.send_reward(reward, last.core_of[0 if last.classes else decision], sent)
        for c in self.programs:
            seen = self.seen(reward, c.layer)
            now = self.moment(c, self.model.steps - 1, chip_step, lesson, seen)
            terms = [t for t in c.terms if t.occasion == "end"]
            everything = [(i, j) for i in range(c.rows) for j in range(c.layer.size)]
            self.visits(c, terms, everything, END, now)
        self.follow_rewards(reward, chip_step)

    def moment(self, c, step, chip_step, lesson, reward):
        return SimpleNamespace(
            step=step, chip_step=chip_step, lesson=lesson, reward=reward,
            sources=self.taken(c, step), targets=self.fired[c.layer.index][step],
        )  # fmt: skip

    def fall(self, c, trace, chip_step):
        for n, x in enumerate(trace.values):
            is_source = trace.name[0] == "x"
            if not (c.has_spiked[n] if is_source else x):
                continue
            if trace.fall == "decay":
                trace.values[n] = (x * trace.value) >> 12
            elif trace.fall == "shift":
                trace.values[n] = max(0, x - max(1, x >> trace.value))
            else:
                trace.values[n] = max(0, x - 1)
            for core in set(c.layer.core_of) if is_source else [c.layer.core_of[n]]:
                self.ledger.work("trace-update", core, chip_step)

    def rise(self, c, trace, now):
        is_source = trace.name[0] == "x"
        for n in now.sources if is_source else now.targets:
            if trace.fall == "window":
                trace.values[n] = trace.value + 1
            elif trace.is_set:
                trace.values[n] = trace.impulse
            else:
                trace.values[n] = self.clip(trace.values[n] + trace.impulse, 0, LIMIT)
            if not is_source:
                self.ledger.work("trace-update", c.layer.core_of[n], now.chip_step)

    def visits(self, c, terms, synapses, direction, now):
        for i, j in synapses if terms else []:
            self.visit_synapse(c, terms, i, j, direction, now)

    def visit_synapse(self, c, terms, i, j, direction, now):
        place, core = i * c.layer.size + j, c.layer.core_of[j]
        names = {name for term in terms for name, _ in term.factors}
        targets = {term.target for term in terms}
        self.ledger.work("learning-operation", core, now.chip_step, len(terms))
        reads = ("dw" in targets or "w" in names) + ("dt" in targets or "t" in names)
        self.ledger.work("weight-read", core, now.chip_step, reads)
        for target in ("dt", "dw"):
            total = sum(
                self.product(c, t, i, j, now) for t in terms if t.target == target
            )
            if target not in targets:
                continue
            line, k = (j, i) if direction == COLUMNS else (i, j)
            r = number(draw(self.base(c, target, direction, now), line), k)
            steps = -((r - total) >> 16) if direction == ROWS else (total + r) >> 16
            if target == "dt":
                old, values = c.tags[place], c.tags
                values[place] = self.clip(old + steps, -LIMIT, LIMIT)
            else:
                old, values = c.weights[place], c.weights
                step = c.weight_step or 1 << self.learning_shift
                values[place] = self.clip(old + steps * step, *c.bounds)
            if values[place] != old:
                self.ledger.work("weight-write", core, now.chip_step)

    def base(self, c, target, direction, now):
        kind = 2**17 * (target == "dt") + 2**16 * (direction // 2)
        kind += now.step * 2 + direction % 2
        return stream(now.lesson.seed, ROUNDING, now.lesson.ordinal, c.index * 2**32 + kind)

    def product(self, c, term, i, j, now):
        product, place = term.mantissa, i * c.layer.size + j
        traces = {trace.name: trace for trace in c.traces}
        for name, offset in term.factors:
            if name == "x0":
                value = int(i in now.sources)
            elif name == "y0":
                value = int(j in now.targets)
            elif name == "w":
                value = c.weights[place]
            elif name == "t":
                value = c.tags[place]
            elif name == "r":
                value = now.reward
            else:
                trace = traces[name]
                value = trace.values[i if name[0] == "x" else j]
                if trace.fall == "window":
                    value = trace.impulse if value else 0
            product *= value + offset
        return product >> term.shift if term.shift >= 0 else product << -term.shift
