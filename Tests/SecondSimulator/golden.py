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
}

LAYER = r"(?P<name>\S+): (?P<size>\d+) neurons, phase (?P<phase>\d+)"
NEURONS = (
    r"  decay (?P<decay>\d+)(, current decay (?P<current_decay>\d+))?, bias (?P<bias>[-\d ]+)"
    r"(, logits x (?P<logit_multiplier>\d+) >> (?P<logit_shift>\d+))?"
    r"(, threshold (?P<threshold>[\d ]+), reset (?P<reset>none|soft|hard)"
    r"( (?P<reset_potential>[-\d ]+))?(, refractory (?P<refractory>\d+))?"
    r"(, adaptation decay (?P<adaptation_decay>\d+) impulse (?P<adaptation_impulse>[\d ]+))?"
    r"(, psi x (?P<psi_multiplier>[\d ]+) >> (?P<psi_shift>\d+))?)?"
)
PER_NEURON = "bias threshold reset_potential adaptation_impulse psi_multiplier".split()
CONNECTION = (
    r"  (?P<source>\S+) -> (?P<target>\S+): (?P<layout>[^,]+(, .+)?), delay (?P<delay>\d+), "
    r"shift (?P<shift>\d+), (\d bits|learns within (?P<low>-?\d+) to (?P<high>-?\d+))"
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
    places = lines.take(r"encoder seed (\d+), port at (\d+),(\d+)")
    model.encoder_seed, model.port = int(places[1]), (int(places[2]), int(places[3]))
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
    layer = SimpleNamespace(index=index, name=head["name"], connections=[], teacher=None)
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
    if found := lines.match(r"  teacher (\d+), -(\d+)"):
        layer.teacher = (int(found[1]), int(found[2]))
    while found := lines.match(CONNECTION):
        layer.connections.append(read_connection(found, layer, lines))
    return layer


def read_connection(head, layer, lines):
    c = SimpleNamespace(layer=layer, rule=None, source_name=head["source"], layout=head["layout"])
    c.name = f"{head['source']} -> {head['target']}"
    c.delay, c.shift = int(head["delay"]), int(head["shift"])
    if head["low"]:
        c.bounds = (int(head["low"]), int(head["high"]))
        rule = lines.take(r"    (three factors|pair STDP|SDSP): (.+)")
        c.rule = rule[1]
        for name, value in zip(RULES[c.rule].split(), integers(rule[2]), strict=True):
            setattr(c, name, value)
    c.weights = integers(lines.take(r"    weights ([-\d ]+)")[1])
    return c


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
    else:
        head = lines.match(
            r"sample (\d+): learnt with (no label|label (\d+)), rounding seed (\d+), "
            r"ordinal (\d+), intensities ([\d ]+)"
        )
        if not head:
            return None
        label = int(head[3]) if head[3] else None
        lesson = SimpleNamespace(label=label, seed=int(head[4]), ordinal=int(head[5]))
        sample = SimpleNamespace(lesson=lesson, id=int(head[1]), intensities=integers(head[6]))
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
    if layer.psi_multiplier:
        parts.append(f"psi {joined(layer.psi)}")
    if not layer.is_readout:
        parts.append(f"spikes {joined(spikes)}")
    return ", ".join(parts)


def rule_state(c):
    pre, weights = f"pre {joined(c.pre)}", f"weights {joined(c.weights)}"
    if c.rule == "pair STDP":
        return f"{pre}, post {joined(c.post)}, {weights}"
    if c.rule == "SDSP":
        return f"activity {joined(c.post)}, {weights}"
    trace = f", psi trace {joined(c.post)}" if c.post_factor else ""
    return f"{pre}{trace}, sums {joined(c.sums)}"


def counts_text(counts):
    return ", ".join(f"{kind} {times}" for kind, times in counts.items() if times) or "nothing"
