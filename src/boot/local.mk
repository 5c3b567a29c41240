noinst_LIBRARIES += src/boot/libboot.a
src_boot_libboot_a_SOURCES = \
	%D%/assign.c %D%/assign.h \
	%D%/await.c \
	%D%/boot.h \
	%D%/child.c \
	%D%/device.c %D%/device.h \
	%D%/device_bind.c \
	%D%/device_nic.c \
	%D%/down.c \
	%D%/entries.c \
	%D%/ephemeral.c \
	%D%/hand.c \
	%D%/hook_net.c \
	%D%/hooks.c \
	%D%/inside.c %D%/inside.h \
	%D%/internal.h \
	%D%/log.c \
	%D%/mounted.c %D%/mounted.h \
	%D%/network.c \
	%D%/open.c \
	%D%/parent.c \
	%D%/pidfile.c \
	%D%/resolver.c \
	%D%/result.h \
	%D%/run.c \
	%D%/stage.c \
	%D%/steps.c \
	%D%/storage.c \
	%D%/undo.c %D%/undo.h \
	%D%/unit.c \
	%D%/up.c

# Static: what the dynamic loader needs for its libraries is a tenth of a start (doc/PERFORMANCE.md).
pkglibexec_PROGRAMS += mgr-boot
mgr_boot_SOURCES = %D%/main.c
mgr_boot_LDFLAGS = $(SUPERVISOR_LDFLAGS)
mgr_boot_LDADD = src/boot/libboot.a $(spec_archives) src/unit/libunit.a src/guest/libguest.a src/wire/libwire.a src/store/libstore.a src/conf/libconf.a src/base/libbase.a \
	$(spec_libs)
