# client.c and names.c are all that a program needs which only talks to mgr-netd.
noinst_LIBRARIES += src/net/libnet.a
src_net_libnet_a_SOURCES = \
	%D%/addr.c %D%/addr.h \
	%D%/bridge.c \
	%D%/check.c \
	%D%/claim.c \
	%D%/client.c \
	%D%/down.c \
	%D%/egress.c %D%/egress.h \
	%D%/forward.c %D%/forward.h \
	%D%/keys.c %D%/keys.h \
	%D%/names.c %D%/names.h \
	%D%/net.h \
	%D%/nic.h \
	%D%/options.c %D%/options.h \
	%D%/nested.c %D%/nested.h \
	%D%/phys.c %D%/phys.h \
	%D%/phys_out.c \
	%D%/phys_record.c %D%/phys_numbers.h \
	%D%/phys_state.c \
	%D%/pin.c \
	%D%/plan.c \
	%D%/plan_check.c \
	%D%/port.c \
	%D%/rate.c \
	%D%/record.c %D%/record.h \
	%D%/resolv.c \
	%D%/rtnl.c %D%/rtnl.h \
	%D%/rtnl_addr.c \
	%D%/route.c \
	%D%/up.c \
	%D%/upper.c \
	%D%/veth.c \
	%D%/vlan.c \
	%D%/wait.c \
	%D%/waits.c
