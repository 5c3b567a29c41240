pkglibexec_PROGRAMS += mgr-supervisor
mgr_supervisor_SOURCES = \
	%D%/console.c %D%/console.h \
	%D%/device.c \
	%D%/doze.c \
	%D%/end.c \
	%D%/failing.c \
	%D%/forward.c \
	%D%/freeze.c \
	%D%/link.c \
	%D%/main.c \
	%D%/oom.c \
	%D%/port.c \
	%D%/ready.c \
	%D%/requests.c \
	%D%/served.c \
	%D%/state.c \
	%D%/stop.c \
	%D%/supervisor.h \
	%D%/take.c \
	%D%/viewers.c
# Static: its memory counts once for every container (doc/PERFORMANCE.md). Linked otherwise for sanitizers.
mgr_supervisor_LDFLAGS = $(SUPERVISOR_LDFLAGS)
mgr_supervisor_LDADD = src/boot/libboot.a src/cgroup/libcgroup.a src/net/libnet.a src/tty/libtty.a src/store/libstore.a src/conf/libconf.a src/wire/libwire.a src/base/libbase.a
