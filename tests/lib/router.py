#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""router.py IFACE: ask for a router advertisement (RFC 4861) and print what the first says:
[managed] [other] router SECONDS, and for each prefix PREFIX/BITS [autonomous]."""
import socket, struct, sys

def main():
    index = socket.if_nametoindex(sys.argv[1])
    sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    sock.settimeout(1)
    for _ in range(5):
        sock.sendto(struct.pack('!BBHI', 133, 0, 0, 0), ('ff02::2', 0, 0, index))
        try:
            while True:
                answer = sock.recv(4096)
                if answer[0] == 134:
                    break
        except TimeoutError:
            continue
        flags, lifetime = answer[5], struct.unpack('!H', answer[6:8])[0]
        words = [word for bit, word in ((0x80, 'managed'), (0x40, 'other')) if flags & bit]
        words += ['router', str(lifetime), 's']
        options = answer[16:]
        while len(options) >= 8 and options[1]:
            if options[0] == 3:
                words.append(socket.inet_ntop(socket.AF_INET6, options[16:32]) + '/' + str(options[2]))
                words += ['autonomous'] if options[3] & 0x40 else []
            options = options[8 * options[1]:]
        print(*words)
        return 0
    return 1

sys.exit(main())
