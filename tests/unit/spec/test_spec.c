/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/spec.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define FILE_HEAD "[rootfs]\npath = dir:/r\n"

static int load(struct spec *spec, const char *text, struct err *err)
{
	return conf_load_text(&spec_schema, spec, "web", text, strlen(text), err);
}

static void a_whole_file_reads(void **state)
{
	static const char text[] = "# a comment\nversion = 1\n\n" FILE_HEAD "[container]\nidmap = u 0 1048576 65536\n"
				   "idmap = g 0 1048576 65536\n[net.0]\nlink=br7\nhwaddr = 02:16:3e:00:00:01\nmtu = 1400\n"
				   "[net.3]\n[forward]\nport = tcp:8080:80\nport: udp:127.0.0.1:5300:53\n[limits]\n"
				   "memory = 512M\ncpus = 1.5\n[environment]\nA = b=c;d\n[signal]\nhalt = SIGRTMIN+3\n"
				   "[init]\nready = port:80\n[cap]\ndrop = SYS_TIME cap_net_raw\n";
	autocall(spec_done) struct spec spec;
	struct err err = { 0 };

	(void)state;
	spec_init(&spec);
	load(&spec, text, &err);
	assert_string_equal(err.msg, "");
	assert_int_equal(spec_check(&spec, &err), 0);
	assert_int_equal(spec.container.idmap.n, 2);
	assert_int_equal(spec.net.n, 2);
	assert_string_equal(spec.net.v[0].link, "br7");
	assert_int_equal(spec.net.v[0].mtu, 1400);
	assert_true(spec.net.v[0].has_hwaddr);
	assert_int_equal(spec.net.v[1].index, 3);
	assert_true(!spec.net.v[1].ipv4.none && spec.net.v[1].ipv4.n == 0);
	assert_int_equal(spec.net.forward.n, 2);
	assert_int_equal(spec.limits.memory, 512 << 20);
	assert_int_equal(spec.limits.swap, UINT64_MAX);
	assert_int_equal(spec.limits.cpus, 1500);
	assert_string_equal(spec.init.environment.v[0], "A=b=c;d");
	assert_int_equal(spec.init.halt, SIGRTMIN + 3);
	assert_int_equal(spec.init.ready.port, 80);
	assert_string_equal(spec.cap.drop.v[1], "net_raw");
}

/* Each line in a file, and what the error must contain. */
static const struct {
	const char *text, *message;
} refused[] = {
	{ "[net.0]\nmtu = 12\n", "web:2: net.0.mtu: '12' is not a whole number from 68 to 65535" },
	{ "[net.0]\nmtuu = 1500\n", "web:2: net.0: unknown key 'mtuu'; did you mean 'mtu'?" },
	{ "[nett.0]\n", "web:1: unknown section [nett.0]; did you mean [net]?" },
	{ "[net]\n", "unknown section [net]: [net.N] takes a number from 0 to 15" },
	{ "[net.16]\n", "unknown section [net.16]" },
	{ "[net.00]\n", "unknown section [net.00]" },
	{ "[frobnicate]\n", "unknown section [frobnicate]; there are container," },
	{ "[limits\nmemory = 1\n", "web:1: '[limits' has no closing ']'" },
	{ "[limits] x\n", "web:1: 'x' follows the section's name" },
	{ "[limits]\nmemory\n", "web:2: the line is neither a [section] nor KEY = VALUE" },
	{ "memory = 1\n", "web:1: 'memory' stands above the first [section]" },
	{ "version = 2\n", "web:1: version: the file's format is 2, this mgr knows 1" },
	{ "version = x\n", "web:1: version: 'x' is not a whole number" },
	{ "[limits]\nmemory = 0\n", "web:2: limits.memory: '0' is out of range" },
	{ "[limits]\nmemory = lots\n", "limits.memory: 'lots' is not a size such as" },
	{ "[limits]\ncpus = 0\n", "limits.cpus: '0' is not a number of processors above 0" },
	{ "[limits]\ncpus = 1.2345\n", "limits.cpus: '1.2345' is not" },
	{ "[limits]\ncpus = -1\n", "limits.cpus: '-1' is not" },
	{ "[limits]\npids = 0\n", "limits.pids: '0' is not a whole number from 1" },
	{ "[limits]\ncpuset = 3-1\n", "limits.cpuset: '3-1' is not a list of processors" },
	{ "[net.0]\ntype = none\n", "net.0.type: 'none' means the host's network" },
	{ "[net.0]\ntype = vetch\n", "net.0.type: 'vetch' is not one of veth, host, empty" },
	{ "[net.0]\nhwaddr = 01:00:5e:00:00:01\n", "net.0.hwaddr: '01:00:5e:00:00:01' is a multicast address" },
	{ "[net.0]\nhwaddr = 00:16:3e:xx:xx:xx\n", "net.0.hwaddr: '00:16:3e:xx:xx:xx' is no whole address: leave it out" },
	{ "[net.0]\nhwaddr = 02:00\n", "net.0.hwaddr: '02:00' is not an Ethernet address" },
	{ "[net.0]\nname = sixteen-letters-\n", "net.0.name: 'sixteen-letters-' is not a name of an interface" },
	{ "[net.0]\nname = lo\n", "net.0.name: 'lo' is the loopback's" },
	{ "[net.0]\nipv4.address = 10.0.3.0/24\n", "net.0.ipv4.address: '10.0.3.0/24' is not lease, none or" },
	{ "[net.0]\nipv4.address = 10.0.3.7\n", "net.0.ipv4.address: '10.0.3.7' is not" },
	{ "[net.0]\nveth.ipv4.route = 192.0.2.129/25\n", "net.0.veth.ipv4.route: '192.0.2.129/25' is not a network" },
	{ "[net.0]\nveth.ipv4.route = 192.0.2.0/33\n", "net.0.veth.ipv4.route: '192.0.2.0/33' is not a network" },
	{ "[net.0]\nveth.ipv6.route = 2001:db8::1/64\n", "net.0.veth.ipv6.route: '2001:db8::1/64' is not a network" },
	{ "[net.0]\nveth.vlan.id = 4095\n", "net.0.veth.vlan.id: '4095' is not none or a VLAN from 1 to 4094" },
	{ "[net.0]\nveth.vlan.tagged.id = 0\n", "net.0.veth.vlan.tagged.id: '0' is not a VLAN from 1 to 4094" },
	{ "[net.0]\nvlan.id = 4095\n", "net.0.vlan.id: '4095' is not a whole number from 1 to 4094" },
	{ "[net.0]\nrate.ingress = 0mbit\n", "net.0.rate.ingress: '0mbit' is out of range: 8kbit to 1000gbit" },
	{ "[net.0]\nrate.ingress = 0\n", "net.0.rate.ingress: '0' is not bits a second such as 500kbit" },
	{ "[net.0]\nrate.egress = 10M\n", "net.0.rate.egress: '10M' is not bits a second" },
	{ "[net.0]\nrate.egress = 18446744073709551615gbit\n", "net.0.rate.egress: '18446744073709551615gbit' is" },
	{ "[net.0]\nrate.egress = -1mbit\n", "net.0.rate.egress: '-1mbit' is not bits a second" },
	{ "[net.0]\negress.deny = lan\n", "net.0.egress.deny: 'lan' is not all, link-local, metadata" },
	{ "[net.0]\negress.deny = rfc1918, 10.0.0.1/8\n", "net.0.egress.deny: '10.0.0.1/8' is not all" },
	{ "[net.0]\negress.deny = all all\n", "net.0.egress.deny: 'all' is there twice" },
	{ "[net.0]\negress.allow = ,\n", "net.0.egress.allow: ',' names no network" },
	{ "[net.0]\nipv4.gateway = 300.1.1.1\n", "net.0.ipv4.gateway: '300.1.1.1' is not" },
	{ "[forward]\nport = tcp:0:80\n", "forward.port: 'tcp:0:80' has a port that is not a number from 1 to 65535" },
	{ "[forward]\nport = tcp:70000:80\n", "forward.port: 'tcp:70000:80' has a port" },
	{ "[forward]\nport = 8080:80\n", "forward.port: '8080:80' does not begin with tcp:, udp: or unix:" },
	{ "[forward]\nport = tcp:8080\n", "forward.port: 'tcp:8080' names no port of the container" },
	{ "[forward]\nport = tcp:9000-9001:80-82\n", "has ranges of different length" },
	{ "[forward]\nport = tcp:1.2.3:80:80\n", "is not PROTO:[HOSTIP:]PORT:PORT" },
	{ "[forward]\nport = tcp:8080:80,\n", "unknown option ''" },
	{ "[forward]\nport = tcp:8080:80,wake,wakes\n", "unknown option 'wakes'" },
	{ "[forward]\nport = tcp:8080:80,sleep\n", "unknown option 'sleep'" },
	{ "[forward]\nport = unix:run/x:80\n", "is not unix:/PATH:PORT" },
	{ "[container]\nidmap = u 0 100000\n", "container.idmap: 'u 0 100000' is not auto, none, or a range" },
	{ "[container]\nidmap = u 0 4294967000 65536\n", "container.idmap: 'u 0 4294967000 65536': ids run from 0" },
	{ "[container]\nidmap = u 0 1000 10\nidmap = u 5 2000 10\n", "web:3: container.idmap: 'u 5 2000 10' overlaps" },
	{ "[container]\nuuid = 1\n", "container.uuid: '1' is not a uuid" },
	{ "[hook]\nstart = sbin/x\n", "hook.start: 'sbin/x' is not the absolute path of a program" },
	{ "[hook]\npre-mount = /x 'a\n", "hook.pre-mount: '/x 'a': a quote is not closed" },
	{ "[hook]\ntimeout = 0\n", "hook.timeout: '0' is not a duration" },
	{ "[rootfs]\nreadonly = maybe\n", "rootfs.readonly: 'maybe' is neither yes nor no" },
	{ "[rootfs]\npath = /x\n", "rootfs.path" },
	{ "[signal]\nhalt = SIGFOO\n", "signal.halt: 'SIGFOO' is not a signal" },
	{ "[signal]\nhalt = 65\n", "signal.halt: '65' is not a signal" },
	{ "[init]\nready = port:0\n", "init.ready: 'port:0' is not notify, exec or port:N" },
	{ "[init]\ncmd = init\n", "init.cmd: 'init' is not the absolute path of a program" },
	{ "[init]\nuid = 4294967295\n", "init.uid: '4294967295' is not a whole number from 0 to 4294967294" },
	{ "[environment]\n1A = x\n", "environment.1A: '1A' is not the name of a variable" },
	{ "[cap]\ndrop = sys_fly\n", "cap.drop: 'sys_fly' is not a capability" },
	{ "[seccomp]\nprofile = strict\n", "seccomp.profile: 'strict' is not default, none or" },
	{ "[apparmor]\nprofile = a\tb\n", "apparmor.profile: a profile's name has no control characters" },
	{ "[apparmor]\nprofile = unchanged\n", "apparmor.profile: 'unchanged' is LXC's: here it is unconfined" },
	{ "[uts]\nname = -web\n", "uts.name: '-web' is not a host name" },
	{ "[mount]\nentry = /srv srv none\n", "mount.entry: '/srv srv none' is not SOURCE TARGET TYPE OPTIONS" },
	{ "[mount]\ncgroup = v3\n", "mount.cgroup: 'v3' is not one of auto, v2, hybrid, v1" },
	{ "\x7f"
	  "ELF\x02\x01\n",
	  "web:1: byte 0x7f is not text" },
};

static void bad_values_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		autocall(spec_done) struct spec spec;
		struct err err = { 0 };

		spec_init(&spec);
		int r = load(&spec, refused[i].text, &err);
		if (r == 0 || !strstr(err.msg, refused[i].message))
			fail_msg("'%s' gives %d '%s'", refused[i].text, r, err.msg);
		assert_int_equal(r, -err.code);
	}
}

static const struct {
	const char *text, *message;
} wrong_as_a_whole[] = {
	{ "[rootfs]\npath = dir:/srv/web\n[start]\nidle-freeze = 10m\n", "start.idle-freeze: there is no forward.port" },
	{ "[net.0]\n", "rootfs.path: is not set" },
	{ FILE_HEAD "[container]\nidmap = u 0 1000 10\n", "container.idmap: no range of kind 'g'" },
	{ FILE_HEAD "[container]\nidmap = u 0 0 10\nidmap = g 0 1000 10\n",
	  "container.idmap: 'u 0 0 10' holds id 0 of the host" },
	{ FILE_HEAD "[net.0]\n[net.1]\nname = eth0\n", "net.1.name: 'eth0' is the name of net.0 too" },
	{ FILE_HEAD "[net.0]\n[net.1]\n",
	  "net.1.ipv4.address: a container has one leased address a network, which is net.0's" },
	{ FILE_HEAD "[net.0]\n[net.1]\ntype = host\n", "net.1.type: a container that shares the host's network" },
	{ FILE_HEAD "[forward]\nport = tcp:80:80\n", "forward.port: needs a [net.0] of type veth" },
	{ FILE_HEAD "[net.0]\n[forward]\nport = tcp:80-90:80-90\nport = tcp:127.0.0.1:85:1\n", "want the same port" },
};

static void what_no_single_key_can_tell(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong_as_a_whole); i++) {
		autocall(spec_done) struct spec spec;
		struct err err = { 0 };

		spec_init(&spec);
		assert_int_equal(load(&spec, wrong_as_a_whole[i].text, &err), 0);
		assert_int_equal(spec_check(&spec, &err), -EINVAL);
		if (!strstr(err.msg, wrong_as_a_whole[i].message))
			fail_msg("'%s' gives '%s'", wrong_as_a_whole[i].text, err.msg);
	}
}

/* At least one value a key, written as it is printed again. */
static const char *const assignments[] = {
	"container.uuid=6f1c0f0e-0d5b-4d8e-9a57-3f1f1c2b4a90",
	"container.idmap=none",
	"container.idmap=u 0 1048576 65536",
	"container.idmap+=g 0 1048576 65536",
	"uts.name=web.example",
	"rootfs.path=dir:/srv/web",
	"rootfs.size=24M",
	"rootfs.options=noatime",
	"mount.entry=/srv srv/data none bind,idmap,create=dir 0 0",
	"mount.cgroup=hybrid",
	"net.0.type=host",
	"net.15.link=br-a.7",
	"net.0.name=wan0",
	"net.0.hwaddr=02:16:3e:ff:00:7f",
	"net.0.mtu=68",
	"net.0.flags=down",
	"net.0.ipv4.address=192.168.7.9/31",
	"net.0.ipv4.address=none",
	"net.0.ipv4.gateway=10.0.0.1",
	"net.0.ipv4.gateway=none",
	"net.0.ipv6.address=fd00:3::7/64",
	"net.0.ipv6.gateway=fd00:3::1",
	"net.0.veth.pair=tap7",
	"net.0.macvlan.mode=bridge",
	"net.0.ipv4.gateway=auto",
	"net.0.ipv6.gateway=dev",
	"net.0.veth.mode=router",
	"net.0.veth.ipv4.route=192.0.2.128/25",
	"net.0.veth.ipv4.route=0.0.0.0/0",
	"net.0.veth.ipv6.route=2001:db8:7::/64",
	"net.0.veth.vlan.id=4094",
	"net.0.veth.vlan.id=none",
	"net.0.veth.vlan.tagged.id=7",
	"net.0.rate.ingress=8kbit",
	"net.0.rate.ingress=1500mbit",
	"net.0.rate.egress=1000gbit",
	"net.0.isolated=yes",
	"net.0.host.access=yes",
	"net.0.egress.deny=rfc1918",
	"net.0.egress.deny+=169.254.169.254/32",
	"net.0.egress.allow=fd00:7::/64",
	"net.0.ipvlan.mode=l3s",
	"net.0.ipvlan.isolation=private",
	"net.0.vlan.id=4094",
	"forward.port=tcp:8080:80",
	"forward.port=udp:127.0.0.1:5300-5303:53-56",
	"forward.port+=tcp:127.0.0.1:9000:9000",
	"limits.memory=512M",
	"limits.swap=0",
	"limits.cpus=0.001",
	"limits.cpus=1.5",
	"limits.cpu-weight=1",
	"limits.cpuset=0-3,7",
	"limits.pids=4194304",
	"limits.io-weight=10000",
	"cgroup.memory.soft_limit_in_bytes=1G",
	"cgroup2.io.max=8:0 rbps=1048576 wbps=max",
	"cap.drop=sys_time",
	"cap.keep+=net_raw",
	"seccomp.profile=/etc/mgr/strict",
	"apparmor.profile=lxc-container-default-cgns",
	"init.cmd=/bin/busybox init",
	"init.cwd=/",
	"init.uid=4294967294",
	"init.gid=1",
	"init.ready=port:65535",
	"signal.halt=SIGRTMIN+3",
	"signal.reboot=SIGPWR",
	"signal.stop=SIGRTMIN+30",
	"console.logfile=/var/log/web.console",
	"console.size=64K",
	"console.buffer.size=4K",
	"tty.max=4",
	"log.level=DEBUG",
	"container.group=web",
	"container.ephemeral=yes",
	"start.order=7",
	"start.delay=1500ms",
	"start.idle-freeze=600s",
	"environment.PATH=/bin;/sbin = # x",
	"net.0.script.up=/etc/mgr/up \"br 0\"",
	"net.0.script.down=/etc/mgr/down",
	"net.0.network=back",
	"hook.pre-start=/usr/local/sbin/pre-start -v 'a b'",
	"hook.pre-mount=/usr/local/sbin/pre-mount -v 'a b'",
	"hook.mount=/usr/local/sbin/mount -v 'a b'",
	"hook.autodev=/usr/local/sbin/autodev -v 'a b'",
	"hook.start-host=/usr/local/sbin/start-host -v 'a b'",
	"hook.start=/usr/local/sbin/start -v 'a b'",
	"hook.stop=/usr/local/sbin/stop -v 'a b'",
	"hook.post-stop=/usr/local/sbin/post-stop -v 'a b'",
	"hook.destroy=/usr/local/sbin/destroy -v 'a b'",
	"hook.pre-start+=/bin/true",
	"hook.timeout=1500ms",
};

static void print_of_parse_is_the_identity(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(assignments); i++) {
		autocall(spec_done) struct spec spec, again;
		autocall(str_done) struct str first = { 0 }, second = { 0 };
		struct err err = { 0 };
		const char *value = strchr(assignments[i], '=') + 1;

		spec_init(&spec);
		spec_init(&again);
		spec_set(&spec, assignments[i], &err);
		assert_string_equal(err.msg, "");
		spec_print(&spec, &first);
		if (!strstr(str_text(&first), value))
			fail_msg("'%s' prints '%s'", assignments[i], str_text(&first));
		load(&again, str_text(&first), &err);
		assert_string_equal(err.msg, "");
		spec_print(&again, &second);
		assert_string_equal(str_text(&first), str_text(&second));
	}
}

static void every_key_has_a_round_trip(void **state)
{
	static const char *const without[] = { "container.no_new_privs", "rootfs.readonly", "rootfs.exposed", "start.auto",
					       "environment.NAME",       "cgroup.FILE" };

	(void)state;
	for (size_t p = 0; p < spec_schema.n; p++)
		for (const struct key *key = spec_schema.parts[p].section->keys; key->name; key++) {
			char name[64];
			bool found = false;
			str_print(name, sizeof name, ".%s", key->name);
			for (size_t i = 0; i < ARRAY_SIZE(assignments) && !found; i++)
				found = str_starts(assignments[i], spec_schema.parts[p].section->name) &&
					strstr(assignments[i], name);
			for (size_t i = 0; i < ARRAY_SIZE(without) && !found; i++)
				found = str_ends(without[i], name);
			if (!found && !(key->flags & KEY_INCLUDE))
				fail_msg("no value of %s%s is tried", spec_schema.parts[p].section->name, name);
		}
}

static void assignments_replace_append_and_clear(void **state)
{
	autocall(spec_done) struct spec spec;
	struct err err = { 0 };

	(void)state;
	spec_init(&spec);
	assert_int_equal(spec_set(&spec, "forward.port=tcp:1:1", &err), 0);
	assert_int_equal(spec_set(&spec, "forward.port+=tcp:2:2", &err), 0);
	assert_int_equal(spec.net.forward.n, 2);
	assert_int_equal(spec_set(&spec, "forward.port=tcp:3:3", &err), 0);
	assert_int_equal(spec.net.forward.n, 1);
	assert_int_equal(spec_set(&spec, "forward.port=", &err), 0);
	assert_int_equal(spec.net.forward.n, 0);
	assert_int_equal(spec_set(&spec, "init.ready=exec", &err), 0);
	assert_int_equal(spec_set(&spec, "init.ready=", &err), 0);
	assert_int_equal(spec.init.ready.how, HANDOVER_READY_NOTIFY);
	assert_int_equal(spec_set(&spec, "init.ready+=exec", &err), -EINVAL);
	assert_string_equal(err.msg, "init.ready: is not a list, += cannot add to it");
	assert_int_equal(spec_set(&spec, "init", &err), -EINVAL);
	assert_int_equal(spec_set(&spec, "init=3", &err), -EINVAL);
	assert_int_equal(spec_set(&spec, "net.0.=3", &err), -EINVAL);
	assert_int_equal(spec_set(&spec, "init.cmd=/a\n[x]", &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_reads),          cmocka_unit_test(bad_values_are_refused),
		cmocka_unit_test(what_no_single_key_can_tell), cmocka_unit_test(print_of_parse_is_the_identity),
		cmocka_unit_test(every_key_has_a_round_trip),  cmocka_unit_test(assignments_replace_append_and_clear),
	};

	return cmocka_run_group_tests_name("spec/spec", tests, NULL, NULL);
}
