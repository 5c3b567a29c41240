noinst_LIBRARIES += src/life/liblife.a
src_life_liblife_a_SOURCES = \
	%D%/adopt.c \
	%D%/allot.c \
	%D%/backend.c \
	%D%/base.c \
	%D%/birth.c \
	%D%/carry.c \
	%D%/change.c %D%/change.h \
	%D%/config.c %D%/config.h \
	%D%/config_check.c \
	%D%/consumption.c %D%/consumption.h \
	%D%/copy.c %D%/copy.h \
	%D%/create.c %D%/life.h %D%/internal.h \
	%D%/destroy.c \
	%D%/device.c %D%/device.h %D%/device_kind.h \
	%D%/device_bind.c \
	%D%/device_nic.c \
	%D%/ephemeral.c \
	%D%/disk.c \
	%D%/disk_users.c %D%/disk_users.h \
	%D%/export.c %D%/export.h \
	%D%/fill.c \
	%D%/force.c \
	%D%/forward.c %D%/forward.h \
	%D%/forwards.c \
	%D%/freeze.c %D%/freeze.h \
	%D%/guard.c %D%/guard.h \
	%D%/glance.c %D%/glance.h \
	%D%/identity.c %D%/identity.h \
	%D%/images.c %D%/images.h \
	%D%/import.c %D%/import.h \
	%D%/import_config.c \
	%D%/import_snapshots.c \
	%D%/live.c %D%/live.h \
	%D%/look.c %D%/look.h \
	%D%/macs.c \
	%D%/monitor.c %D%/monitor.h %D%/monitor_internal.h \
	%D%/monitor_one.c \
	%D%/origin.c %D%/origin.h \
	%D%/passing.c %D%/passing.h \
	%D%/recover.c \
	%D%/rename.c \
	%D%/resize.c %D%/resize.h \
	%D%/restore.c \
	%D%/root.c %D%/root.h \
	%D%/snapshot.c %D%/snapshot.h \
	%D%/snapshots.c \
	%D%/space.c \
	%D%/stands.c %D%/stands.h \
	%D%/state.c %D%/state.h \
	%D%/stop.c %D%/stop.h \
	%D%/unpack/about.c %D%/unpack/about.h \
	%D%/take.c %D%/take.h \
	%D%/thin.c \
	%D%/wait.c %D%/wait.h \
	%D%/whole.c %D%/whole.h

# The one program that links libarchive.
pkglibexec_PROGRAMS += mgr-unpack
mgr_unpack_SOURCES = \
	%D%/unpack/about.c %D%/unpack/about.h \
	%D%/unpack/entry.c \
	%D%/unpack/head.c \
	%D%/unpack/internal.h \
	%D%/unpack/main.c \
	%D%/unpack/owner.c \
	%D%/unpack/pack.c %D%/unpack/pack.h \
	%D%/unpack/place.c \
	%D%/unpack/progress.c %D%/unpack/progress.h \
	%D%/unpack/trees.c %D%/unpack/trees.h \
	%D%/unpack/unpack.c %D%/unpack/unpack.h
mgr_unpack_CPPFLAGS = $(AM_CPPFLAGS) $(ARCHIVE_CFLAGS)
mgr_unpack_LDADD = $(spec_archives) src/store/libstore.a src/conf/libconf.a src/base/libbase.a $(spec_libs) $(ARCHIVE_LIBS)
