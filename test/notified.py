"""Listens where systemd would, at the path given, and prints each message as one line of JSON."""

import array
import json
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print(json.dumps(["listening"]), flush=True)
while True:
    data, passed, _, _ = listener.recvmsg(65536, socket.CMSG_SPACE(64))
    # A barrier passes a descriptor and waits until we have let go of it.
    for level, kind, bytes_of in passed:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            for fd in array.array("i", bytes_of[: len(bytes_of) // 4 * 4]):
                os.close(fd)
    message = data.decode().split("\n")
    if message != ["BARRIER=1"]:
        print(json.dumps(message), flush=True)
