#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""spoof.py BRIDGE FROM OTHER [KIND...]: send raw frames as root inside one container could, and print which of them arrive,
a line each: "KIND where...", where being `other` (the other container) and `host` (the bridge, above its ports).

FROM and OTHER are PID:INTERFACE. The kinds: see `frames`; without any, all of them. What arrives is told by a mark in each
frame; the last frame, which the host always gets and passes on to the other one, ends the listening.
"""
import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys

MARK, LENGTH = b"mgr-spoof:", 40
PLACE = MARK.ljust(LENGTH, b".")  # where a packet has its mark: what is behind its end may be cut off
ALL = b"\xff" * 6
libc = ctypes.CDLL(None, use_errno=True)


def enter(pid):
    with open(f"/proc/{pid}/ns/net") as ns:
        if libc.setns(ns.fileno(), 0x40000000) < 0:
            sys.exit(f"setns: {os.strerror(ctypes.get_errno())}")


class Nic:
    """An interface: a socket on it, and what it has."""

    def __init__(self, pid, name):
        enter(pid)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.sock.bind((name, 3))
        self.sock.setsockopt(263, 1, struct.pack("iHH8s", socket.if_nametoindex(name), 1, 0, b""))  # promiscuous
        self.mac = fcntl.ioctl(self.sock, 0x8927, struct.pack("256s", name.encode()))[18:24]
        text = subprocess.run(["ip", "-o", "addr", "show", name], check=True, capture_output=True, text=True).stdout
        addrs = [line.split()[2:4] for line in text.splitlines()]
        self.ip = next(socket.inet_aton(a.split("/")[0]) for f, a in addrs if f == "inet")
        six = [socket.inet_pton(socket.AF_INET6, a.split("/")[0]) for f, a in addrs if f == "inet6"]
        self.ip6 = next((a for a in six if a[0] == 0xfd), bytes(16))
        self.link = link_local(self.mac)
        enter(os.getppid())


def link_local(mac):
    return bytes.fromhex("fe80000000000000") + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]


def ether(dst, src, kind, data):
    return dst + src + struct.pack("!H", kind) + data


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(src, dst, proto, data, fragment=0, options=b""):
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0, 20 + len(options) + len(data), 77, fragment, 64, proto, 0,
                       src, dst) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def mark(kind, length):
    return (MARK + kind.encode() + b".").ljust(length, b".")


def ipv6(src, dst, proto, data):
    return struct.pack("!IHBB", 6 << 28, len(data), proto, 255) + src + dst + data


def udp(sport, dport, data):
    return struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data


def icmp6(src, dst, kind, data):
    body = struct.pack("!BBH", kind, 0, 0) + data
    return body[:2] + struct.pack("!H", checksum(src + dst + struct.pack("!II", len(body), 58) + body)) + body[4:]


def arp(op, sha, spa, tpa, tha=bytes(6), kinds=bytes([0, 1, 8, 0, 6, 4])):
    return kinds + struct.pack("!H", op) + sha + spa + tha + tpa


def dhcp(op, chaddr):
    return struct.pack("!BBBBIHH", op, 1, 6, 0, 7, 0, 0) + bytes(16) + chaddr + bytes(202) + b"\x63\x82\x53\x63" + PLACE


def frames(me, other, gateway, gateway6, bridge_mac):
    """(kind, frame)"""
    nobody, all4 = bytes(4), b"\xff" * 4
    nobody6, nodes = bytes(16), socket.inet_pton(socket.AF_INET6, "ff02::1")
    to_nodes = b"\x33\x33\0\0\0\1"
    lldp = b"\x01\x80\xc2\0\0\x0e"
    false_mac = b"\x02\xba\xd0\0\0\1"
    false_ip = other.ip[:3] + b"\xfa"
    note = udp(4000, 4000, PLACE)

    def four(src, data=note, proto=17, mac=me.mac, dst=other.ip, to=ALL, **more):
        return ether(to, mac, 0x0800, ipv4(src, dst, proto, data, **more))

    def six(src, kind, data, dst=nodes, mac=me.mac, before=b""):
        body = icmp6(src, dst, kind, data + PLACE)
        first = {0: 58, 8: 58}[len(before)]
        if before:
            body, first = bytes([58]) + before[1:] + body, before[0]
        return ether(to_nodes, mac, 0x86dd, ipv6(src, dst, first, body))

    def six_udp(src, data, mac=me.mac):
        return ether(to_nodes, mac, 0x86dd, ipv6(src, nodes, 17, data))

    def neighbor(target, flags=0x20):
        return struct.pack("!I", flags << 24) + target + b"\x02\x01" + me.mac

    tagged = four(me.ip)
    advert = struct.pack("!BBHII", 64, 0, 1800, 0, 0) + b"\x01\x01" + me.mac
    # what is its own
    yield "own-ipv4", four(me.ip)
    yield "own-ipv6", six_udp(me.ip6, note)
    yield "own-link-local", six_udp(me.link, note)
    yield "own-arp", ether(ALL, me.mac, 0x0806, arp(1, me.mac, me.ip, other.ip))
    yield "own-arp-probe", ether(ALL, me.mac, 0x0806, arp(1, me.mac, nobody, me.ip))
    yield "own-na", six(me.ip6, 136, neighbor(me.ip6))
    yield "own-dad", six(nobody6, 135, bytes(4) + me.ip6)
    yield "own-dhcp", four(nobody, udp(68, 67, dhcp(1, me.mac)), dst=all4)
    yield "own-fragment", four(me.ip, PLACE * 2, fragment=0x0008)
    yield "own-fragment6", ether(to_nodes, me.mac, 0x86dd, ipv6(me.ip6, nodes, 44, b"\x11\0\0\x09\0\0\0\7" + PLACE * 2))
    yield "own-options", four(me.ip, options=b"\x94\x04\0\0")
    # MACs
    yield "mac", four(me.ip, mac=false_mac)
    yield "mac-of-other", four(me.ip, mac=other.mac)
    yield "mac-of-bridge", four(me.ip, mac=bridge_mac)
    yield "mac-and-ip-of-other", four(other.ip, mac=other.mac)
    yield "mac-lldp", ether(lldp, other.mac, 0x88cc, b"")
    # IPv4
    yield "ipv4", four(false_ip)
    yield "ipv4-of-other", four(other.ip)
    yield "ipv4-of-gateway", four(gateway)
    yield "ipv4-loopback", four(b"\x7f\0\0\1")
    yield "ipv4-none", four(nobody)
    yield "ipv4-fragment", four(other.ip, PLACE * 2, fragment=0x0008)
    yield "ipv4-by-lldp", four(other.ip, to=lldp, dst=gateway)
    yield "own-by-lldp", four(me.ip, to=lldp, dst=gateway)
    # to the groups that bridges keep for themselves
    for i in range(16):
        group = lldp[:5] + bytes([i])
        yield f"arp-to-{i}", ether(group, me.mac, 0x0806, arp(1, me.mac, false_ip, gateway))
        yield f"fragment-to-{i}", four(other.ip, PLACE * 2, fragment=0x0008, to=group, dst=gateway)
        yield f"ra-to-{i}", ether(group, me.mac, 0x86dd, ipv6(me.link, nodes, 58, icmp6(me.link, nodes, 134, advert)))
    # ARP
    yield "arp-reply-of-other", ether(ALL, me.mac, 0x0806, arp(2, me.mac, other.ip, me.ip))
    yield "arp-request-of-other", ether(ALL, me.mac, 0x0806, arp(1, me.mac, other.ip, gateway))
    yield "arp-of-gateway", ether(ALL, me.mac, 0x0806, arp(2, me.mac, gateway, other.ip))
    yield "arp-sender-mac", ether(ALL, me.mac, 0x0806, arp(1, other.mac, me.ip, gateway))
    yield "arp-probe-of-other", ether(ALL, me.mac, 0x0806, arp(1, me.mac, nobody, other.ip))
    yield "arp-of-other-kind", ether(ALL, me.mac, 0x0806, arp(1, me.mac, me.ip, gateway, kinds=bytes([0, 6, 8, 0, 6, 4])))
    yield "rarp", ether(ALL, me.mac, 0x8035, arp(3, me.mac, me.ip, gateway))
    # IPv6
    yield "ipv6", six_udp(me.ip6[:15] + b"\xfa", note)
    yield "ipv6-of-other", six_udp(other.ip6, note)
    yield "ipv6-of-gateway", six_udp(gateway6, note)
    yield "ipv6-link-local", six_udp(link_local(false_mac), note)
    yield "ipv6-link-local-of-other", six_udp(other.link, note)
    yield "ipv6-none", six_udp(nobody6, note)
    yield "ipv6-mapped", six_udp(bytes(10) + b"\xff\xff" + other.ip, note)
    yield "na-of-other", six(me.ip6, 136, neighbor(other.ip6))
    yield "na-of-gateway", six(me.ip6, 136, neighbor(gateway6))
    yield "na-link-local-of-other", six(me.link, 136, neighbor(other.link))
    yield "dad-of-other", six(nobody6, 135, bytes(4) + other.ip6)
    yield "ra", six(me.link, 134, advert)
    yield "ra-behind-options", six(me.link, 134, advert, before=b"\x3c\0\x01\x04\0\0\0\0")
    yield "ra-fragment", six(me.link, 134, advert, before=b"\x2c\0\0\x01\0\0\0\7")
    yield "redirect", six(me.link, 137, bytes(4) + gateway6 + other.ip6)
    yield "mld-query", six(me.link, 130, struct.pack("!HH", 1000, 0) + nobody6)
    # services
    yield "dhcp-server", four(me.ip, udp(67, 68, dhcp(2, other.mac)), dst=all4)
    yield "dhcp-server-fragment", four(me.ip, udp(67, 68, PLACE), dst=all4, fragment=0x2000)
    yield "dhcp-server-options", four(me.ip, udp(67, 68, dhcp(2, other.mac)), dst=all4, options=b"\x01" * 8)
    yield "dhcp-for-other", four(nobody, udp(68, 67, dhcp(1, other.mac)), dst=all4)
    yield "dhcp-release-of-other", four(me.ip, udp(68, 67, dhcp(1, other.mac)), dst=gateway)
    yield "dhcp6-server", six_udp(me.link, udp(547, 546, b"\x07\0\0\1" + PLACE))
    yield "dhcp6-relay", six_udp(me.link, udp(547, 547, b"\x0c\0" + bytes(32) + PLACE))
    yield "igmp-query", four(me.ip, b"\x11\x64" + bytes(6) + PLACE, 2, dst=b"\xe0\0\0\1")
    # headers that are cut off: without ports, or a type (their mark is in options)
    for kind, proto, head in ("udp-short", 17, b"\0\x43\0"), ("udp-short-ports", 17, b"\x0f\xa0\x0f\xa0"), ("igmp-short", 2, b""):
        yield kind, ether(ALL, me.mac, 0x0800, ipv4(me.ip, other.ip, proto, head, options=b"\x1e\x28" + mark(kind, 38)))
    for kind, proto, head in ("udp6-short", 17, b"\0\x43\0"), ("icmp6-short", 58, b""), ("icmp6-short-type", 58, b"\x80\0\0"):
        body = bytes([proto, 5, 0x1e, 44]) + mark(kind, 44) + head
        yield kind, ether(to_nodes, me.mac, 0x86dd, ipv6(me.ip6, nodes, 60, body))
    # other kinds of frames
    yield "vlan", tagged[:12] + b"\x81\0\0\x05" + tagged[12:]
    yield "vlan-0", tagged[:12] + b"\x81\0\0\0" + tagged[12:]
    yield "vlan-of-other", ether(ALL, me.mac, 0x8100, b"\0\5" + four(other.ip)[12:])
    yield "qinq", tagged[:12] + b"\x88\xa8\0\x05\x81\0\0\x06" + tagged[12:]
    yield "pppoe", ether(ALL, me.mac, 0x8863, b"\x11\x09\0\0\0\0")
    yield "mpls", ether(ALL, me.mac, 0x8847, b"\0\1\1\x40")
    yield "eapol", ether(ALL, me.mac, 0x888e, b"\1\1\0\0")
    yield "802.2", ether(ALL, me.mac, 40, b"\x42\x42\x03" + bytes(8))
    yield "stp", ether(b"\x01\x80\xc2\0\0\0", me.mac, 38, b"\x42\x42\x03" + bytes(8))
    yield "experiment", ether(ALL, me.mac, 0x88b5, b"")


def marked(frame, kind):
    if mark(kind, 0) in frame:
        return frame
    return frame.replace(PLACE, mark(kind, LENGTH)) if PLACE in frame else frame + mark(kind, LENGTH)


def listen(nics, kinds, host):
    """Until the last frame is at all of them: the host sends it on."""
    seen = {kind: [] for kind in kinds}
    left = set(nics)
    while left:
        ready = select.select([nic.sock for nic in left], [], [], 20)[0]
        if not ready:
            sys.exit(f"the last frame did not arrive at: {' '.join(nics[nic] for nic in left)}")
        for nic in [nic for nic in left if nic.sock in ready]:
            data = nic.sock.recv(65536)
            if MARK not in data:
                continue
            kind = data[data.index(MARK) + len(MARK):].split(b".")[0].decode()
            if kind == "end" and nic is host:
                left.remove(nic)
                nic.sock.send(ether(ALL, nic.mac, 0x88b5, marked(b"", "passed-on")))
            elif kind == "passed-on" and nic is not host:
                left.remove(nic)
            elif nics[nic] not in seen.get(kind, [nics[nic]]):
                seen[kind].append(nics[nic])
    return seen


def main():
    bridge, me, other = sys.argv[1:4]
    me, other = (Nic(*nic.split(":")) for nic in (me, other))
    host = Nic(os.getppid(), bridge)
    every = dict(frames(me, other, host.ip, host.ip6, host.mac))
    kinds = sys.argv[4:] or list(every)
    for kind in kinds:
        me.sock.send(marked(every[kind], kind))
    me.sock.send(marked(every["own-dhcp"], "end"))
    for kind, where in listen({other: "other", host: "host"}, kinds, host).items():
        if where:
            print(kind, *where)


main()
