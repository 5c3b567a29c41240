noinst_LIBRARIES += src/spec/libspec.a
src_spec_libspec_a_SOURCES = \
	%D%/bind.c %D%/bind.h \
	%D%/device.c %D%/device.h \
	%D%/check.c \
	%D%/hooks.c \
	%D%/ids.c \
	%D%/log.c %D%/log.h \
	%D%/owner.c \
	%D%/place.c \
	%D%/roots.c \
	%D%/sources.c \
	%D%/spec.c %D%/spec.h \
	%D%/start.c %D%/start.h

# What a program needs that reads configurations.
spec_archives = src/spec/libspec.a src/net/libnet.a src/security/libsecurity.a src/cgroup/libcgroup.a src/mount/libmount.a src/init/libinit.a src/hook/libhook.a \
	src/ns/libns.a src/storage/libstorage.a src/tty/libtty.a src/conf/libconf.a
spec_libs = $(INIH_LIBS) $(CAP_LIBS)
