"""An agent's two connections: what docs/PROTOCOL.md asks of their sockets, and no more."""

import os
import time

import wire
import zmq
from zmq.utils.monitor import recv_monitor_message

PATIENCE_SECONDS = 20


def enrol(place, keys, node, token):
    """Shows a join token at the enrolment endpoint and returns the answer's fields."""
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.curve_serverkey = place["key"].encode()
    socket.curve_publickey, socket.curve_secretkey = keys
    socket.linger, socket.rcvtimeo = 0, PATIENCE_SECONDS * 1_000
    socket.connect(place["address"])
    try:
        socket.send_multipart(
            [wire.header(wire.ENROL, 0, 1, 1), wire.body({1: token, 2: node})])
        header, body = socket.recv_multipart()
        assert wire.HEADER.unpack(header)[2] == wire.ENROL_ANSWER, header
        return wire.read(body, wire.ENROL_ANSWER_BODY)
    finally:
        socket.close()


class Agent:
    monitored = 0

    def __init__(self, place, node, keys, version_max=2):
        self.place, self.node, self.keys = place, node, keys
        self.version, self.version_max = 1, version_max
        self.boot = os.urandom(16)
        self.session = self.sequence = 0
        self.sockets, self.monitors = {}, {}
        for endpoint in ("control", "data"):
            self.open(endpoint)

    def open(self, endpoint):
        if endpoint in self.sockets:
            self.shut(endpoint)
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.curve_serverkey = self.place["key"].encode()
        socket.curve_publickey, socket.curve_secretkey = self.keys
        socket.immediate, socket.linger, socket.handshake_ivl = 1, 0, 3_000
        socket.reconnect_ivl = 200
        Agent.monitored += 1
        self.monitors[endpoint] = socket.get_monitor_socket(
            addr=f"inproc://monitor-{Agent.monitored}")
        socket.connect(self.place[endpoint])
        self.sockets[endpoint] = socket

    def shut(self, endpoint):
        """Stops the reports before anything is closed: libzmq's one I/O thread of this process
        would wait for ever for the reader of a report that nobody reads any more."""
        self.sockets[endpoint].disable_monitor()
        self.sockets[endpoint].close(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for endpoint in self.sockets:
            self.shut(endpoint)

    def event(self, endpoint, *wanted):
        """Waits for one of these events of a connection and says which."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self.monitors[endpoint].poll(200):
                event = recv_monitor_message(self.monitors[endpoint])["event"]
                if event in wanted:
                    return event
        raise AssertionError(f"no event of {wanted} on {endpoint}")

    def connect(self):
        """Opens sockets anew until both are let in: a key may have been accepted just now."""
        for endpoint in self.sockets:
            while self.event(
                endpoint, zmq.EVENT_HANDSHAKE_SUCCEEDED, zmq.EVENT_HANDSHAKE_FAILED_AUTH
            ) == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                time.sleep(0.1)
                self.open(endpoint)
        return self

    def send_frames(self, endpoint, frames):
        if not self.sockets[endpoint].poll(PATIENCE_SECONDS * 1_000, zmq.POLLOUT):
            raise AssertionError(f"{endpoint} takes no message")
        self.sockets[endpoint].send_multipart(frames)

    def send(self, name, fields=None, payload=None, session=None):
        self.sequence += 1
        kind = wire.UP[name]
        session = self.session if session is None else session
        frames = [
            wire.header(kind, session, self.sequence, self.version), wire.body(fields or {})
        ]
        if payload is not None:
            frames.append(payload)
        self.send_frames("data" if kind >= 32 else "control", frames)
        return self.sequence

    def receive(self, *wanted, endpoint="control", milliseconds=PATIENCE_SECONDS * 1_000):
        """The next message of these names as (name, header, fields, payload), None in time."""
        deadline = time.monotonic() + milliseconds / 1_000
        while (left := deadline - time.monotonic()) > 0:
            if not self.sockets[endpoint].poll(left * 1_000):
                break
            frames = self.sockets[endpoint].recv_multipart()
            head = wire.HEADER.unpack(frames[0])
            name = wire.DOWN[head[2]]
            assert head[0] == b"SPKF" and head[3] == 0 and head[8] == 0, head
            if name in wanted:
                schema = wire.BODIES.get(name, {})
                return name, head, wire.read(frames[1], schema), frames[2:]
        if milliseconds < PATIENCE_SECONDS * 1_000:
            return None
        raise AssertionError(f"{self.node}: none of {wanted} came")

    def drain(self, endpoint="control"):
        """Reads past what has come so far."""
        while self.sockets[endpoint].poll(300):
            self.sockets[endpoint].recv_multipart()

    def hello(self, node=None, versions=None, boot=None):
        """Greets and returns name, header and fields of the answer."""
        low, high = versions or (1, self.version_max)
        self.version = 1
        fields = {
            1: low, 2: high, 3: node or self.node, 4: "conformance", 5: boot or self.boot,
            6: "loihi-learn",
        }
        self.send("hello", fields, session=0)
        name, head, answer, _ = self.receive("welcome", "busy", "refused")
        if name == "welcome":
            self.session, self.version = head[4], answer["version"]
        return name, head, answer
