# client.c and names.c are all that a program needs which only talks to mgr-netd.
noinst_LIBRARIES += src/net/libnet.a
src_net_libnet_a_SOURCES = \
	%D%/addr.c %D%/addr.h \
	%D%/claim.c \
	%D%/client.c \
	%D%/down.c \
	%D%/forward.c %D%/forward.h \
	%D%/keys.c %D%/keys.h \
	%D%/macvlan.c \
	%D%/names.c %D%/names.h \
	%D%/net.h \
	%D%/nic.h \
	%D%/phys.c \
	%D%/pin.c \
	%D%/plan.c \
	%D%/resolv.c \
	%D%/rtnl.c %D%/rtnl.h \
	%D%/up.c \
	%D%/veth.c
