#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""dhcp6.py IFACE [times] [take]: ask by DHCPv6 (RFC 8415) as a client of any DUID, and print the address that is offered, with its
preferred and valid lifetimes; take it."""
import os, socket, struct, sys

def option(code, data):
    return struct.pack('!HH', code, len(data)) + data

def options(data):
    while len(data) >= 4:
        code, length = struct.unpack('!HH', data[:4])
        yield code, data[4:4 + length]
        data = data[4 + length:]

def main():
    index = socket.if_nametoindex(sys.argv[1])
    transaction = os.urandom(3)
    duid = struct.pack('!H', 4) + os.urandom(16)
    question = (b'\x01' + transaction + option(1, duid) + option(3, b'\0\0\0\1' + bytes(8)) +
                option(8, b'\0\0'))
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.bind(('::', 546, 0, index))
    sock.settimeout(1)
    for _ in range(5):
        sock.sendto(question, ('ff02::1:2', 547, 0, index))
        try:
            answer = sock.recv(4096)
        except TimeoutError:
            continue
        if answer[1:4] != transaction:
            continue
        if answer[0] == 2 and 'take' in sys.argv:
            server = dict(options(answer[4:]))[2]
            question = b'\x03' + question[1:] + option(2, server)
            continue
        for code, ia in options(answer[4:]):
            for inner, addr in options(ia[12:]) if code == 3 else ():
                if inner == 5:
                    times = struct.unpack('!II', addr[16:24]) if 'times' in sys.argv else ()
                    print(socket.inet_ntop(socket.AF_INET6, addr[:16]), *times)
                    return 0
    return 1

sys.exit(main())
