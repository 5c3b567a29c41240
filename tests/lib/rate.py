#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rate.py serve PORT | get HOST PORT BYTES | put HOST PORT BYTES: how fast it comes, in thousands of bits a second, seen where
it arrives and from the first of it on."""
import socket
import sys
import time

CHUNK = 65536


def send(conn, n):
    while n > 0:
        n -= conn.send(bytes(min(n, CHUNK)))
    conn.shutdown(socket.SHUT_WR)


def measure(conn):
    conn.recv(CHUNK)
    begin, n = time.monotonic(), 0
    while part := conn.recv(CHUNK):
        n += len(part)
    return int(n * 8 / 1000 / (time.monotonic() - begin))


def serve(port):
    listener = socket.create_server(("", port))
    while True:
        conn, _ = listener.accept()
        with conn:
            n = int(conn.makefile("rb", buffering=0).readline())
            if n:
                send(conn, n)
            else:
                conn.sendall(b"go")
                conn.sendall(b"%d\n" % measure(conn))


def ask(what, host, port, n):
    with socket.create_connection((host, port)) as conn:
        conn.sendall(b"%d\n" % (n if what == "get" else 0))
        if what == "get":
            return measure(conn)
        conn.recv(2)
        send(conn, n)
        return int(conn.recv(64))


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
print(ask(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
