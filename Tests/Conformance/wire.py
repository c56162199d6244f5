"""Frames and bodies of the wire protocol, written from docs/PROTOCOL.md alone."""

import struct

HEADER = struct.Struct("<4sBBHQQQII")
UP = {
    "hello": 1, "heartbeat": 2, "desiredAccepted": 3, "observedState": 4, "goodbye": 6,
    "blobRequest": 32, "telemetryBatch": 35,
}
DOWN = {
    16: "welcome", 17: "busy", 18: "reset", 19: "heartbeatReply", 20: "desiredState",
    21: "roundOffer", 22: "roundVerdict", 23: "unsupported", 24: "refused", 48: "blobChunk",
    49: "blobMissing", 50: "updateWanted", 51: "telemetryAcknowledged",
}
GENERATION = {1: ("epoch", int), 2: ("number", int)}
ENVELOPE = {1: ("payload_type", str), 2: ("payload", bytes), 3: ("signatures", [bytes])}
ORDER = {
    1: ("node_id", str), 2: ("generation", GENERATION), 3: ("manifest_digest", bytes),
    4: ("issued_us", int), 5: ("expires_us", int),
}
MANIFEST = {
    1: ("name", str), 3: ("model_digest", bytes), 4: ("size", int), 5: ("chunk_size", int),
    6: ("chunk_digests", [bytes]),
}
ENROL, ENROL_ANSWER = 64, 65
ENROL_ANSWER_BODY = {1: ("code", str), 2: ("detail", str)}
BODIES = {
    "welcome": {
        1: ("version", int), 2: ("epoch", int), 3: ("heartbeat_milliseconds", int),
        4: ("liveness", int), 5: ("desired", GENERATION), 6: ("telemetry_through", int),
        7: ("server_time_us", int),
    },
    "busy": {1: ("retry_after_milliseconds", int), 2: ("reason", str)},
    "reset": {1: ("reason", str)},
    "heartbeatReply": {1: ("desired", GENERATION), 2: ("server_time_us", int)},
    "desiredState": {
        1: ("generation", GENERATION), 2: ("order", bytes), 3: ("manifest", bytes),
        4: ("base_manifest", bytes),
    },
    "unsupported": {1: ("type", int)},
    "refused": {1: ("code", str), 2: ("detail", str)},
    "blobChunk": {1: ("digest", bytes), 2: ("index", int)},
    "blobMissing": {1: ("digest", bytes)},
    "telemetryAcknowledged": {1: ("boot_id", bytes), 2: ("through", int)},
}


def header(kind, session, sequence, version, correlation=0):
    return HEADER.pack(b"SPKF", version, kind, 0, session, sequence, correlation, 0, 0)


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def body(fields):
    """A protobuf message of numbered fields: integers, text, bytes, nested dicts, lists."""
    out = b""
    for number, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int):
                out += varint(number << 3) + varint(item)
                continue
            data = body(item) if isinstance(item, dict) else item
            data = data.encode() if isinstance(data, str) else data
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def read(data, schema):
    """Named fields of a protobuf message; missing ones are zero, unknown ones passed over."""
    empty = {int: 0, str: "", bytes: b""}
    found = {}
    for name, kind in schema.values():
        if isinstance(kind, list):
            found[name] = []
        else:
            found[name] = read(b"", kind) if isinstance(kind, dict) else empty[kind]
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            value, at = read_varint(data, at)
        elif key & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
        else:
            at += 8 if key & 7 == 1 else 4
            continue
        if key >> 3 not in schema:
            continue
        name, kind = schema[key >> 3]
        if isinstance(kind, list):
            found[name].append(value)
        elif isinstance(kind, dict):
            found[name] = read(value, kind)
        else:
            found[name] = value.decode() if kind is str else value
    return found
