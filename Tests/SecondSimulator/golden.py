"""Golden traces as text: their heads become models, and states become lines."""

import itertools
import re
from types import SimpleNamespace

RULES = {
    "three factors": (
        "pre_decay post_decay impulse pre_factor post_factor signal_shift signal_limit gain"
    ),
    "pair STDP": "pre_decay post_decay impulse potentiation depression pre_target",
    "SDSP": (
        "potential_threshold activity_min activity_max_up activity_max_down activity_leak_steps "
        "probability"
    ),
    "weights of one bit": "active_spikes plasticity_decay plasticity_min competition",
}

LEARNT = (
    (r"  winner takes all, inhibition (?P<inhibition>\d+)", ()),
    (
        r"  homeostasis: impulse (?P<rise_impulse>\d+), decay (?P<rise_decay>\d+), "
        r"shift (?P<rise_shift>\d+), rises (?P<h>[\d ]+)",
        ("h",),
    ),
    (
        r"  rewards less their mean: rate (?P<mean_rate>\d+), mean (?P<reward_mean>-?\d+)",
        (),
    ),
    (r"  assigned to (?P<classes>\d+) classes, counts (?P<assigned>[\d ]+)", ("assigned",)),
    (r"  plasticities (?P<plasticities>[\d ]+)", ("plasticities",)),
)
LAYER = r"(?P<name>\S+): (?P<size>\d+) neurons, phase (?P<phase>\d+)"
NEURONS = (
    r"  decay (?P<decay>\d+)(, current decay (?P<current_decay>\d+))?, bias (?P<bias>[-\d ]+)"
    r"(, logits x (?P<logit_multiplier>\d+) >> (?P<logit_shift>\d+)"
    r"(, (?P<neurons_per_class>\d+) neurons a class)?)?"
    r"(, threshold (?P<threshold>[\d ]+), reset (?P<reset>none|soft|hard)"
    r"( (?P<reset_potential>[-\d ]+))?(, refractory (?P<refractory>\d+))?"
    r"(, adaptation decay (?P<adaptation_decay>\d+) impulse (?P<adaptation_impulse>[\d ]+))?"
    r"(, psi x (?P<psi_multiplier>[\d ]+) >> (?P<psi_shift>\d+))?)?"
)
PER_NEURON = "bias threshold reset_potential adaptation_impulse psi_multiplier".split()
SIGNAL = r"  signal from step (\d+), feedback (symmetric|random|adaptive|local)(.*?)(, rate .+)?"
OPTIONS = {
    "second pre decay": "second_pre_decay",
    "psi trace of the step before": "reads_before",
    "applied each step": "each_step",
    "weight decay": "weight_decay",
    "adaptation factor": "adaptation_factor",
}
CONNECTION = (
    r"  (?P<source>\S+) -> (?P<target>\S+): (?P<layout>[^,]+(, .+)?), delay (?P<delay>\d+), "
    r"shift (?P<shift>\d+), (\d bits|learns within (?P<low>-?\d+) to (?P<high>-?\d+)"
    r"(, normalised to (?P<normalisation>\d+))?)"
)


class Unreadable(Exception):
    """A line that no trace has in its place."""


def integers(text):
    return [int(word) for word in re.findall(r"-?\d+", text)]


def joined(numbers):
    return " ".join(map(str, numbers)) if numbers else "-"


class Lines:
    """The lines of a file, taken one by one."""

    def __init__(self, path):
        self.all = path.read_text().split("\n")
        self.next = 0

    def match(self, pattern):
        """The next line if it is all of that kind, which is then taken; else nothing."""
        found = re.fullmatch(pattern, self.all[self.next])
        self.next += found is not None
        return found

    def take(self, pattern):
        if found := self.match(pattern):
            return found
        raise Unreadable(f"line {self.next + 1} cannot be read: `{self.all[self.next]}`")


def read_model(lines):
    """The head of a trace, with the empty line that ends it."""
    model = SimpleNamespace(layers=[], cores=[])
    model.inputs, model.steps = map(int, lines.take(r"\S+: (\d+) inputs, (\d+) steps").groups())
    arithmetic = lines.take(
        r"potentials of (\d+) bits, currents of (\d+) bits, (saturate|wrap), input shift (\d+), "
        r"learning weights of (\d+) bits"
    )
    model.potential_bits, model.current_bits = int(arithmetic[1]), int(arithmetic[2])
    model.overflow, model.input_shift = arithmetic[3], int(arithmetic[4])
    model.learning_weight_bits = int(arithmetic[5])
    columns = lines.match(r"columns of (\d+) rows are read in (\d+) bits")
    model.columns = columns and (int(columns[1]), int(columns[2]))
    places = lines.take(r"(encoder|direct current)(.*), port at (\d+),(\d+)")
    model.encoder, model.port = places[1] + places[2], (int(places[3]), int(places[4]))
    levels = lines.match(r"levels ([\d ]+)")
    model.levels = integers(levels[1]) if levels else [257 * i for i in range(256)]
    times = lines.take(r"picoseconds: (([a-z-]+ \d+(, )?)+)")[1]
    model.times = {kind: int(time) for kind, time in map(str.split, times.split(", "))}
    others = lines.take(
        r"picoseconds to take in a message: (\d+), of a barrier: ((\d+ from \d+ tiles on(, )?)+)"
    )
    model.axon_in, barriers = int(others[1]), integers(others[2])
    model.barriers = list(zip(barriers[1::2], barriers[::2]))
    while found := lines.match(LAYER):
        model.layers.append(read_layer(found, len(model.layers), lines))
    index_of = {"input": None, **{layer.name: layer.index for layer in model.layers}}
    for index, c in enumerate(c for layer in model.layers for c in layer.connections):
        c.index, c.source = index, index_of[c.source_name]
        sources = model.inputs if c.source is None else model.layers[c.source].size
        lay_out(c, sources)
    while found := lines.match(r"core \d+ at (\d+),(\d+): (\S+) (\d+)\.\.<(\d+)"):
        for neuron in range(int(found[4]), int(found[5])):
            model.layers[index_of[found[3]]].core_of[neuron] = len(model.cores)
        model.cores.append(SimpleNamespace(place=(int(found[1]), int(found[2]))))
    lines.take("")
    return model


def read_layer(head, index, lines):
    layer = SimpleNamespace(index=index, name=head["name"], connections=[], teacher=None, teaches_mistakes=False)
    layer.size, layer.phase = int(head["size"]), int(head["phase"])
    layer.core_of = [None] * layer.size
    for name, text in lines.take(NEURONS).groupdict().items():
        values = integers(text) if text and name != "reset" else text
        if values is not None and name in PER_NEURON:
            values = values * layer.size if len(values) == 1 else values
        elif values is not None and name != "reset":
            values = values[0]
        setattr(layer, name, values)
    layer.is_readout, layer.refractory = layer.threshold is None, layer.refractory or 0
    if found := lines.match(r"  teacher (\d+), -(\d+)(, of mistakes)?"):
        layer.teacher = (int(found[1]), int(found[2]))
        layer.teaches_mistakes = found[3] is not None
    layer.inhibition = layer.h = layer.classes = layer.assigned = layer.plasticities = None
    layer.mean_rate, layer.neurons_per_class = None, layer.neurons_per_class or 1
    for pattern, lists in LEARNT:
        if found := lines.match(pattern):
            for name, text in found.groupdict().items():
                setattr(layer, name, integers(text) if name in lists else int(text))
    layer.has_signal, layer.first_step, layer.feedback, layer.rate = False, 0, "symmetric", None
    if found := lines.match(SIGNAL):
        layer.has_signal, layer.first_step, layer.feedback = True, int(found[1]), found[2]
        numbers = integers(found[3])
        if layer.feedback == "adaptive":
            layer.feedback_weights = numbers
        elif layer.feedback != "symmetric":
            layer.feedback_seed, *local = numbers
            if local:
                layer.local_decay, layer.local_multiplier, layer.local_shift = local
        if found[4]:
            layer.rate = integers(found[4])
    while found := lines.match(CONNECTION):
        layer.connections.append(read_connection(found, layer, lines))
    return layer


def read_connection(head, layer, lines):
    c = SimpleNamespace(layer=layer, rule=None, source_name=head["source"], layout=head["layout"])
    c.name = f"{head['source']} -> {head['target']}"
    c.delay, c.shift = int(head["delay"]), int(head["shift"])
    c.normalisation = int(head["normalisation"]) if head["normalisation"] else None
    if head["low"]:
        c.bounds = (int(head["low"]), int(head["high"]))
        rule = lines.take(r"    (three factors|pair STDP|SDSP|sums of products|weights of one bit): (.+)")
        c.rule = rule[1]
        if c.rule == "sums of products":
            read_program(c, integers(rule[2])[0], lines)
            c.weights = integers(lines.take(r"    weights ([-\d ]+)")[1])
            return c
        names = RULES[c.rule].split()
        parts = rule[2].split(", ")
        known = [part for part in parts if not part.startswith(tuple(OPTIONS))]
        for name, value in zip(names, integers(", ".join(known)), strict=True):
            setattr(c, name, value)
        for text, name in OPTIONS.items():
            given = [part for part in parts if part.startswith(text)]
            setattr(c, name, (integers(given[0]) or [1])[0] if given else 0)
    c.weights = integers(lines.take(r"    weights ([-\d ]+)")[1])
    return c


TRACE = (
    r"    trace (?P<name>[xy]\d): (?P<fall>decay|shift|window) (?P<value>\d+), "
    r"impulse (?P<impulse>\d+), (?P<how>set|added), read (?P<read>before|after)"
)
TERM = (
    r"    (?P<target>dw|dt) at (?P<occasion>x0|y0|u\d+|end): (?P<mantissa>-?\d+)"
    r"(?P<factors>( \* \(\w\d? \+ -?\d+\))*) >> (?P<shift>-?\d+)"
)


def read_program(c, weight_step, lines):
    """Traces and terms of a rule that is data."""
    c.weight_step, c.traces, c.terms = weight_step, [], []
    while found := lines.match(TRACE):
        trace = SimpleNamespace(name=found["name"], fall=found["fall"])
        trace.is_set = found["how"] == "set" or trace.fall == "window"
        trace.value, trace.impulse = int(found["value"]), int(found["impulse"])
        trace.is_read_before = found["read"] == "before"
        c.traces.append(trace)
    while found := lines.match(TERM):
        term = SimpleNamespace(target=found["target"], occasion=found["occasion"])
        term.mantissa, term.shift = int(found["mantissa"]), int(found["shift"])
        pairs = re.findall(r"\((\w\d?) \+ (-?\d+)\)", found["factors"])
        term.factors = [(name, int(offset)) for name, offset in pairs]
        c.terms.append(term)


def lay_out(c, sources):
    """Who reaches whom: by row the targets, each with the place of its weight."""
    layout, _, windows = c.layout.partition(" over windows of ")
    c.pooling = integers(windows)
    c.rows, c.is_dense = sources, layout == "dense"
    if c.pooling:
        window, height, width, channels = c.pooling
        c.rows = (height // window) * (width // window) * channels
    numbers = integers(layout)
    c.operation = "convolution-operation"
    if c.is_dense:
        c.operation, size = "synaptic-operation", c.layer.size
        c.synapses = [[(j, i * size + j) for j in range(size)] for i in range(c.rows)]
    elif layout == "one to one":
        c.synapses = [[(i, 0)] for i in range(c.rows)]
    elif layout.startswith("sparse"):
        c.operation = "sparse-operation"
        starts, targets = numbers[: c.rows + 1], numbers[c.rows + 1 :]
        c.synapses = [
            [(targets[place], place) for place in range(starts[i], starts[i + 1])]
            for i in range(c.rows)
        ]
    else:
        c.synapses = convolution(c.rows, *numbers)


def convolution(
    rows, height, width, inputs, out_height, out_width, outputs, kernel_height, kernel_width,
    stride, padding,
):  # fmt: skip
    synapses = [[] for _ in range(rows)]
    for y, x, o, ky, kx in itertools.product(
        *map(range, (out_height, out_width, outputs, kernel_height, kernel_width))
    ):
        row, column = y * stride + ky - padding, x * stride + kx - padding
        if 0 <= row < height and 0 <= column < width:
            for i in range(inputs):
                place = ((i * kernel_height + ky) * kernel_width + kx) * outputs + o
                target = (y * out_width + x) * outputs + o
                synapses[(row * width + column) * inputs + i].append((target, place))
    return synapses


def row_of(c, source):
    """The row of weights that a spike of the source reads, None where pooling drops it."""
    if not c.pooling:
        return source
    window, height, width, channels = c.pooling
    place, channel = divmod(source, channels)
    y, x = (part // window for part in divmod(place, width))
    if y >= height // window or x >= width // window:
        return None
    return (y * (width // window) + x) * channels + channel


def read_sample(lines):
    """A sample with the input of its steps and the empty line that ends it, None after the last."""
    if head := lines.match("sample: recorded spikes"):
        sample = SimpleNamespace(lesson=None)
    elif head := lines.match(r"sample (\d+): assigned to (\d+), intensities ([\d ]+)"):
        lesson = SimpleNamespace(label=int(head[2]), only_assigns=True, reward=None)
        sample = SimpleNamespace(lesson=lesson, id=int(head[1]), intensities=integers(head[3]))
    else:
        head = lines.match(
            r"sample (\d+): learnt with (no label|label (\d+))(, reward (-?\d+))?, "
            r"rounding seed (\d+), ordinal (\d+), intensities ([\d ]+)"
        )
        if not head:
            return None
        label = int(head[3]) if head[3] else None
        lesson = SimpleNamespace(
            label=label, seed=int(head[6]), ordinal=int(head[7]), only_assigns=False
        )
        lesson.reward = max(-256, min(256, int(head[5]))) if head[5] else None
        lesson.decision = None
        sample = SimpleNamespace(lesson=lesson, id=int(head[1]), intensities=integers(head[8]))
    sample.head, sample.inputs = head[0], []
    while found := lines.match(r".+"):
        if step := re.fullmatch(r"  \| step \d+: input (.+)", found[0]):
            sample.inputs.append(integers(step[1]))
    lines.take("")
    return sample


def layer_state(layer, spikes):
    parts = [f"v {joined(layer.v)}"]
    if layer.current_decay is not None:
        parts.insert(0, f"u {joined(layer.u)}")
    if layer.adaptation_decay is not None:
        parts.append(f"a {joined(layer.a)}")
    if layer.h:
        parts.append(f"h {joined(layer.h)}")
    if layer.psi_multiplier:
        parts.append(f"psi {joined(layer.psi)}")
    if not layer.is_readout:
        parts.append(f"spikes {joined(spikes)}")
    return ", ".join(parts)


def rule_state(c):
    pre, weights = f"pre {joined(c.pre)}", f"weights {joined(c.weights)}"
    if c.rule == "pair STDP":
        return f"{pre}, post {joined(c.post)}, {weights}"
    if c.rule == "sums of products":
        parts = [f"{trace.name} {joined(trace.values)}" for trace in c.traces]
        parts += [f"tags {joined(c.tags)}"] if c.tags else []
        return ", ".join([*parts, weights])
    if c.rule == "weights of one bit":
        return f"activity {joined(c.pre)}"
    if c.rule == "SDSP":
        return f"activity {joined(c.post)}, {weights}"
    trace = f", psi trace {joined(c.post)}" if c.post_factor else ""
    if c.adaptation_factor:
        trace += f", eligibility {joined(c.eligibility)}"
    return f"{pre}{trace}, {weights}" if c.each_step else f"{pre}{trace}, sums {joined(c.sums)}"


def counts_text(counts):
    return ", ".join(f"{kind} {times}" for kind, times in counts.items() if times) or "nothing"
