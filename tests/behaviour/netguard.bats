# SPDX-License-Identifier: LGPL-2.1-or-later
# The managed network: what does not pass.
load ../lib/common
load ../lib/net

@test "net.3 without a forward another machine that routes through the host reaches nothing, with one just that port" {
	local ip
	make_machine peer
	container web --forward tcp:7000:70
	boot web
	ip=$(container_ip web)
	serve web tcp 70
	serve web tcp 71
	serve web udp 71
	answers tcp "$ip" 71
	run answers on peer tcp "$ip" 70
	assert_status 1
	run answers on peer tcp "$ip" 71
	assert_status 1
	run answers on peer udp "$ip" 71
	assert_status 1
	run on peer busybox ping -c 1 -W 1 "$ip"
	assert_status 1
	answers on peer tcp "$here_ip" 7000
	on peer busybox ping -c 1 -W 2 "$here_ip"
	in_container web ping -c 1 -W 2 "$peer_ip"
}

@test "net.3 another machine does not come in by IPv6 either" {
	local ip
	make_machine peer
	container web
	boot web
	ip=$(mgr-info -n web -iH | grep :)
	sysctl -qw net.ipv6.conf.all.forwarding=1
	ip addr add 2001:db8:1::1/64 dev to-peer nodad
	ip -n peer addr add 2001:db8:1::2/64 dev eth0 nodad
	ip -n peer route add "$ip/128" via 2001:db8:1::1
	inside web busybox ping -c 1 -W 5 2001:db8:1::2
	run on peer busybox ping -c 1 -W 1 "$ip"
	assert_status 1
}

# hold_dns NAME N: connections of the container's to the network's DNS, as many by IPv4 as by the link's IPv6; those that
# were let in stay open until the test ends. $held: how many that are.
hold_dns() {
	rm -f "$BATS_TEST_TMPDIR/held"
	later nsenter -t "$(pid_of "$1")" -n python3 -c '
import os, socket, sys, time
four, link, count, file = sys.argv[1:]
held = []
for i in range(int(count)):
    target = (four, 53) if i % 2 else (link, 53, 0, socket.if_nametoindex("eth0"))
    s = socket.socket(socket.AF_INET if i % 2 else socket.AF_INET6)
    s.settimeout(3)
    try:
        s.connect(target)
        held.append(s)
    except OSError:
        pass
open(file + ".new", "w").write(str(len(held)))
os.rename(file + ".new", file)
time.sleep(100)' "$(gateway)" "$(ip -6 -o addr show dev "$bridge" scope link | awk '{ sub("/.*", "", $4); print $4 }')" \
		"$2" "$BATS_TEST_TMPDIR/held"
	wait_until 20 test -s "$BATS_TEST_TMPDIR/held"
	held=$(cat "$BATS_TEST_TMPDIR/held")
}

# asks_by_tcp NAME HOST: is there an answer of the network's DNS?
asks_by_tcp() {
	inside "$1" python3 -c '
import socket, struct, sys
name = b"".join(bytes([len(p)]) + p.encode() for p in sys.argv[2].split("."))
q = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + name + b"\0\0\1\0\1"
s = socket.create_connection((sys.argv[1], 53), 3)
s.sendall(struct.pack(">H", len(q)) + q)
got = s.recv(512)
sys.exit(0 if got[2:4] == b"\0\7" and struct.unpack(">H", got[8:10])[0] == 1 else 1)' "$(gateway)" "$2" 2>/dev/null
}

@test "safe.7 a container that holds connections to the network's DNS gets four: others are answered, and itself when it lets go" {
	local held
	container web
	container db
	boot web
	boot db
	asks_by_tcp web db.mgr
	hold_dns web 40
	assert_equal "$held" 4
	run asks_by_tcp web db.mgr
	assert_status 1
	asks_by_tcp db web.mgr
	end_servers
	wait_until 5 asks_by_tcp web db.mgr
}
