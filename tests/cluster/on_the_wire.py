#!/usr/bin/python3 -B
"""What passes on the wires of this node: of the packets to and from each port, how many there are, and how many show a word in the clear.

    on_the_wire.py WORD PORT…      SIGTERM: that is all; prints "PORT: N packets, M show it". It needs the right to look (root, on the node of the pods).
"""
import signal
import socket
import struct
import sys
from collections import Counter

EVERYTHING = 3  # ETH_P_ALL
IP, TCP = 0x0800, 6


def ports_of(frame):
    """The ports of a TCP packet that carries something, and what it carries."""
    if len(frame) < 34 or struct.unpack_from("!H", frame, 12)[0] != IP or frame[23] != TCP:
        return (), b""
    head = 14 + (frame[14] & 15) * 4
    end = 14 + struct.unpack_from("!H", frame, 16)[0]
    data = frame[head + (frame[head + 12] >> 4) * 4:end]
    return (struct.unpack_from("!HH", frame, head), data) if data else ((), b"")


class Over(Exception):
    pass


def over(*_):
    raise Over


def main():
    word, ports = sys.argv[1].encode(), [int(port) for port in sys.argv[2:]]
    seen, shown = Counter(), Counter()
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
    signal.signal(signal.SIGTERM, over)
    try:
        while True:
            at, data = ports_of(wire.recv(65535 + 14))
            for port in set(at) & set(ports):
                seen[port] += 1
                shown[port] += word in data
    except Over:
        for port in ports:
            print(f"{port}: {seen[port]} packets, {shown[port]} show it")


if __name__ == "__main__":
    main()
