"""Speaks docs/PROTOCOL.md against a coordinator: client.py SETTINGS.json; a line for each check."""

import hashlib
import json
import os
import sys
import time

import wire
import zmq
from agent import Agent, enrol

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def keys_of(path):
    lines = dict(line.split(" ", 1) for line in open(path).read().splitlines())
    return lines["public"].encode(), lines["secret"].encode()


class Fleet:
    def __init__(self, settings):
        self.settings = settings
        self.north = self.agent("north")

    def agent(self, node, **options):
        keys = keys_of(self.settings["keys"][node])
        return Agent(self.settings, node, keys, **options).connect()


@check
def an_unknown_key_is_refused_at_the_door(fleet):
    with Agent(fleet.settings, "north", zmq.curve_keypair()) as stranger:
        stranger.event("control", zmq.EVENT_HANDSHAKE_FAILED_AUTH)


@check
def a_message_before_hello_is_answered_with_reset(fleet):
    fleet.north.send("heartbeat", session=77)
    _, head, _, _ = fleet.north.receive("reset")
    assert head[4] == 0, head


@check
def another_node_id_than_the_keys_is_refused(fleet):
    name, head, answer = fleet.north.hello(node="south")
    assert (name, answer["code"], head[4]) == ("refused", "node-mismatch", 0), (name, answer)


@check
def a_version_range_without_a_common_one_is_refused(fleet):
    name, _, answer = fleet.north.hello(versions=(90, 99))
    assert (name, answer["code"]) == ("refused", "version"), (name, answer)


@check
def a_boot_id_of_another_length_is_refused(fleet):
    name, _, answer = fleet.north.hello(boot=b"short")
    assert (name, answer["code"]) == ("refused", "boot-id"), (name, answer)


@check
def hello_is_welcomed_in_the_newest_common_version(fleet):
    name, head, answer = fleet.north.hello()
    assert name == "welcome" and answer["version"] == head[1] == 2, (name, answer)
    assert head[4] > 0 and head[6] == fleet.north.sequence, head
    assert answer["heartbeat_milliseconds"] > 0 and answer["liveness"] >= 2, answer
    assert abs(answer["server_time_us"] / 1e6 - time.time()) < 60, answer


@check
def an_agent_one_version_back_is_served_in_its_version(fleet):
    with fleet.agent("south", version_max=1) as older:
        name, head, answer = older.hello()
        assert name == "welcome" and answer["version"] == head[1] == 1, (name, answer)
        older.send("heartbeat")
        _, head, _, _ = older.receive("heartbeatReply")
        assert head[1] == 1, head
        older.send("goodbye")


@check
def a_heartbeat_is_answered_with_the_desired_generation(fleet):
    sequence = fleet.north.send("heartbeat")
    _, head, reply, _ = fleet.north.receive("heartbeatReply")
    assert head[6] == sequence and head[4] == fleet.north.session, head
    assert reply["desired"]["number"] >= 1, reply


@check
def a_desired_state_is_signed_for_this_node_and_answered(fleet):
    north = fleet.north
    north.send("heartbeat")
    _, _, desired, _ = north.receive("desiredState")
    order_envelope = wire.read(desired["order"], wire.ENVELOPE)
    order = wire.read(order_envelope["payload"], wire.ORDER)
    manifest_payload = wire.read(desired["manifest"], wire.ENVELOPE)["payload"]
    assert order["node_id"] == "north" and order["generation"] == desired["generation"], order
    assert order["manifest_digest"] == hashlib.sha256(manifest_payload).digest()
    assert order_envelope["payload_type"] == "application/vnd.spikefleet.order.v1"
    assert len(order_envelope["signatures"]) == 1
    fleet.generation = {1: order["generation"]["epoch"], 2: order["generation"]["number"]}
    fleet.manifest = wire.read(manifest_payload, wire.MANIFEST)
    north.send("desiredAccepted", {1: fleet.generation})
    north.send("observedState", {1: fleet.generation, 2: 1, 3: fleet.manifest["model_digest"]})


@check
def a_model_comes_in_chunks_of_the_promised_digests(fleet):
    north, manifest = fleet.north, fleet.manifest
    model, received = b"", 0
    for first in range(0, len(manifest["chunk_digests"]), 16):
        count = min(16, len(manifest["chunk_digests"]) - first)
        request = {1: manifest["model_digest"], 2: first, 3: count, 4: received}
        sequence = north.send("blobRequest", request)
        for index in range(first, first + count):
            _, head, chunk, payload = north.receive("blobChunk", endpoint="data")
            assert head[6] == sequence and chunk["index"] == index, (head, chunk)
            assert hashlib.sha256(payload[0]).digest() == manifest["chunk_digests"][index]
            model, received = model + payload[0], received + 1
    assert len(model) == manifest["size"]
    assert hashlib.sha256(model).digest() == manifest["model_digest"]


@check
def a_blob_that_nobody_holds_is_missing(fleet):
    digest = os.urandom(32)
    fleet.north.send("blobRequest", {1: digest, 2: 0, 3: 1})
    _, _, missing, _ = fleet.north.receive("blobMissing", endpoint="data")
    assert missing["digest"] == digest


@check
def a_final_report_ends_the_desired_state(fleet):
    north = fleet.north
    north.send("observedState", {1: fleet.generation, 2: 3, 3: fleet.manifest["model_digest"]})
    north.drain()
    north.send("heartbeat", {1: fleet.generation, 2: fleet.generation})
    north.receive("heartbeatReply")
    answer = north.receive("desiredState", milliseconds=500)
    assert answer is None, "equal generations do nothing"


def telemetry(fleet, first, last):
    windows = [
        {1: number, 2: int(time.time() * 1e6), 7: 10 * number, 16: "idle"}
        for number in range(first, last + 1)
    ]
    fields = {1: fleet.north.boot, 2: first, 3: last}
    fleet.north.send("telemetryBatch", fields, payload=wire.body({1: windows}))


@check
def telemetry_is_acknowledged_and_a_repeat_counts_once(fleet):
    for first, last, through in ((1, 3, 3), (1, 3, 3), (2, 5, 5)):
        telemetry(fleet, first, last)
        _, _, answer, _ = fleet.north.receive("telemetryAcknowledged", endpoint="data")
        assert answer == {"boot_id": fleet.north.boot, "through": through}, answer
    _, _, answer = fleet.north.hello()
    assert answer["telemetry_through"] == 5, answer


@check
def telemetry_that_is_not_what_it_says_is_not_acknowledged(fleet):
    fields = {1: fleet.north.boot, 2: 6, 3: 9}
    fleet.north.send("telemetryBatch", fields, payload=wire.body({1: [{1: 6}]}))
    answer = fleet.north.receive("telemetryAcknowledged", endpoint="data", milliseconds=500)
    assert answer is None, answer


@check
def an_unknown_type_is_unsupported_and_the_session_lives(fleet):
    north = fleet.north
    for _ in range(5):
        north.send_frames("control", [wire.header(200, north.session, 9, north.version), b""])
        _, _, answer, _ = north.receive("unsupported")
        assert answer["type"] == 200, answer
    north.send("heartbeat")
    north.receive("heartbeatReply")


@check
def a_frame_past_the_limit_ends_the_connection(fleet):
    north = fleet.north
    north.send_frames("control", [wire.header(2, north.session, 9, north.version), bytes(65_537)])
    north.event("control", zmq.EVENT_DISCONNECTED)
    north.event("control", zmq.EVENT_HANDSHAKE_SUCCEEDED)
    name, _, _ = north.hello()
    assert name == "welcome", name


@check
def a_flood_is_told_once_to_wait_and_heard_again(fleet):
    north = fleet.north
    for _ in range(6_000):
        north.send_frames(
            "control", [wire.header(3, north.session, 9, north.version), b""])
    _, head, busy, _ = north.receive("busy")
    assert head[4] == north.session and busy["retry_after_milliseconds"] >= 250, (head, busy)
    time.sleep(busy["retry_after_milliseconds"] / 1_000)
    deadline = time.monotonic() + 20
    answer = None
    while answer is None and time.monotonic() < deadline:
        north.send("heartbeat")
        answer = north.receive("heartbeatReply", milliseconds=1_000)
    assert answer is not None and answer[1][4] == north.session


@check
def three_malformed_messages_end_the_session_and_keep_the_node_out(fleet):
    with fleet.agent("south") as south:
        assert south.hello()[0] == "welcome"
        good = wire.header(2, south.session, 9, south.version)
        south.send_frames("control", [good[:4] + b"\x09" + good[5:], b""])
        south.send_frames("control", [good, bytes(16_385)])
        south.send_frames("control", [good, b"\xff\xff"])
        south.receive("reset")
        name, head, busy = south.hello()
        assert name == "busy" and head[4] == 0, (name, head)
        assert 0 < busy["retry_after_milliseconds"] <= 30_000, busy


@check
def what_is_no_token_is_refused_with_a_code(fleet):
    answer = enrol(fleet.settings["enrolment"], zmq.curve_keypair(), "east", "no token")
    assert answer["code"] == "token", answer


@check
def a_key_that_shows_a_token_is_let_in_and_welcomed(fleet):
    place, keys = fleet.settings["enrolment"], zmq.curve_keypair()
    for _ in range(2):
        answer = enrol(place, keys, "east", place["token"])
        assert answer["code"] == "", answer
    with Agent(fleet.settings, "east", keys).connect() as east:
        assert east.hello()[0] == "welcome"


def main():
    fleet = Fleet(json.load(open(sys.argv[1])))
    failed = 0
    for function in CHECKS:
        name = function.__name__.replace("_", " ")
        try:
            function(fleet)
            print(f"ok: {name}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED: {name}: {type(error).__name__} {error}", flush=True)
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks hold", flush=True)
    zmq.Context.instance().destroy(0)
    return 1 if failed else 0


sys.exit(main())
