noinst_LIBRARIES += src/netd/libnetd.a
src_netd_libnetd_a_SOURCES = \
	%D%/again.c \
	%D%/bridge.c %D%/bridge.h \
	%D%/bridge_reserved.c \
	%D%/bridge_watch.c \
	%D%/change.c \
	%D%/claims.c \
	%D%/conntrack.c %D%/conntrack.h \
	%D%/conntrack_table.c %D%/conntrack_table.h \
	%D%/describe.c \
	%D%/dns.c %D%/dns.h \
	%D%/dns_config.c %D%/dns_config.h \
	%D%/dns_forget.c %D%/dns_forget.h \
	%D%/dns_run.c %D%/dns_run.h \
	%D%/docker.c %D%/docker.h \
	%D%/docker_legacy.c \
	%D%/docker_nft.c \
	%D%/droppers.c %D%/droppers.h \
	%D%/force.c \
	%D%/guard.c %D%/guard.h \
	%D%/guard_egress.c \
	%D%/guard_rules.c %D%/guard_rules.h \
	%D%/guard_sets.c \
	%D%/helper.c %D%/helper.h \
	%D%/holder.c \
	%D%/host_rules.c \
	%D%/idle.c \
	%D%/join.c \
	%D%/joins.c \
	%D%/legacy.c %D%/legacy.h \
	%D%/limits.c \
	%D%/members.c \
	%D%/netd.h \
	%D%/network.c %D%/network.h \
	%D%/networks.c \
	%D%/nft.c %D%/nft.h \
	%D%/nft_batch.c %D%/nft_batch.h \
	%D%/nft_cond.c %D%/nft_cond.h \
	%D%/nft_rule.c %D%/nft_rule.h \
	%D%/nft_rules.c \
	%D%/nft_socket.c %D%/nft_socket.h \
	%D%/nft_watch.c \
	%D%/nft_wake.c %D%/nft_wake.h \
	%D%/others.c %D%/others.h \
	%D%/outward.c \
	%D%/orphans.c \
	%D%/outside.c %D%/outside.h \
	%D%/parts.c \
	%D%/ports.c %D%/ports.h \
	%D%/queue.c %D%/queue.h \
	%D%/redirect.c %D%/redirect.h \
	%D%/redirect_end.c \
	%D%/redirect_internal.h \
	%D%/redirect_program.c \
	%D%/relay.c %D%/relay.h \
	%D%/relay_udp.c %D%/relay_udp.h \
	%D%/repair.c \
	%D%/requests.c \
	%D%/resolvers.c %D%/resolvers.h \
	%D%/sockets.c \
	%D%/stream.c %D%/stream.h \
	%D%/sysctl.c %D%/sysctl.h \
	%D%/trouble.c \
	%D%/wake.c %D%/wake.h \
	%D%/wake_file.c \
	%D%/wake_guard.c \
	%D%/wake_hear.c \
	%D%/wake_idle.c \
	%D%/wake_internal.h \
	%D%/wake_look.c \
	%D%/wake_packets.c \
	%D%/wake_run.c \
	%D%/wake_table.c
src_netd_libnetd_a_CFLAGS = $(AM_CFLAGS) $(NL_CFLAGS) $(NFT_CFLAGS)

pkglibexec_PROGRAMS += mgr-netd
mgr_netd_SOURCES = %D%/main.c
mgr_netd_LDADD = src/netd/libnetd.a src/net/libnet.a src/unit/libunit.a src/store/libstore.a src/wire/libwire.a src/conf/libconf.a \
	src/base/libbase.a $(NL_LIBS) $(NFT_LIBS) $(INIH_LIBS)
