"""Opens a listening socket and starts a program with it as systemd does, again and again.

Arguments: "tcp" or the path of a Unix socket, then the program. Prints the port, or 0. Each line of the
input, "start" or "stop", is answered by one: the process id, or how the program ended. What the program
prints comes out as our errors.
"""

import os
import signal
import socket
import subprocess
import sys

where, program = sys.argv[1], sys.argv[2:]
if where == "tcp":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
else:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(where)
    port = 0
listener.listen(4096)
if listener.fileno() != 3:
    os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
print(port, flush=True)

# The process id must be the program's own, so the shell that says it becomes the program.
passing = ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=web exec "$@"', "sh"]
running = None
for line in sys.stdin:
    if line.strip() == "start":
        running = subprocess.Popen(
            passing + program, pass_fds=(3,), stdin=subprocess.DEVNULL, stdout=sys.stderr
        )
        print(running.pid, flush=True)
    elif running:
        running.send_signal(signal.SIGTERM)
        print(running.wait(), flush=True)
if running and running.poll() is None:
    running.kill()
