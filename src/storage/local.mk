noinst_LIBRARIES += src/storage/libstorage.a
src_storage_libstorage_a_SOURCES = \
	%D%/across.c \
	%D%/confine.c %D%/confine.h \
	%D%/block.h %D%/block_below.c %D%/block_copy.c %D%/block_size.c \
	%D%/confine.c %D%/confine.h %D%/confine_internal.h \
	%D%/confine_filter.c \
	%D%/confine_program.c \
	%D%/bound.c \
	%D%/btrfs.c \
	%D%/dir.c \
	%D%/disk.h %D%/disk_internal.h \
	%D%/disk_backend.c %D%/disk_block.c %D%/disk_choose.c %D%/disk_file.c %D%/disk_mount.c %D%/disk_probe.c %D%/disk_server.c %D%/disk_server.h \
	%D%/disk_convert.c %D%/disk_served.c %D%/disk_state.c %D%/disk_take.c \
	%D%/exposed.c \
	%D%/file.c \
	%D%/fs.c %D%/fs.h \
	%D%/fs_fit.c \
	%D%/fs_room.c \
	%D%/fs_size.c \
	%D%/image.c %D%/image.h %D%/image_internal.h \
	%D%/image_list.c \
	%D%/image_layer.c \
	%D%/image_make.c \
	%D%/image_whole.c \
	%D%/image_users.c \
	%D%/internal.h \
	%D%/keys.c %D%/keys.h \
	%D%/loop.c \
	%D%/loop_image.c %D%/loop_image.h \
	%D%/loop_live.c \
	%D%/loop_size.c \
	%D%/loopdev.c %D%/loopdev.h \
	%D%/overlay.c \
	%D%/overlay_copy.c \
	%D%/project.c \
	%D%/qgroup.c %D%/qgroup.h \
	%D%/shift.c %D%/shift.h \
	%D%/shift_file.c \
	%D%/shift_record.c \
	%D%/storage.c %D%/storage.h \
	%D%/tree.c %D%/tree.h \
	%D%/tree_file.c

# Runs programs of file systems, apart.
pkglibexec_PROGRAMS += mgr-fs
mgr_fs_SOURCES = %D%/mend/main.c
mgr_fs_LDADD = src/storage/libstorage.a src/base/libbase.a

# The one program that links libqcow and libfuse; without them there are no qcow2 disks.
if HAVE_QCOW2
noinst_LIBRARIES += src/storage/libqcow2.a
src_storage_libqcow2_a_SOURCES = \
	%D%/qcow2/args.c %D%/qcow2/args.h \
	%D%/qcow2/broker.c %D%/qcow2/broker.h \
	%D%/qcow2/cache.c %D%/qcow2/cache.h \
	%D%/qcow2/chain.c %D%/qcow2/chain.h \
	%D%/qcow2/convert.c %D%/qcow2/convert.h \
	%D%/qcow2/delta.c %D%/qcow2/delta.h \
	%D%/qcow2/header.c %D%/qcow2/header.h \
	%D%/qcow2/hold.c %D%/qcow2/hold.h \
	%D%/qcow2/inflate.c %D%/qcow2/inflate.h \
	%D%/qcow2/io.c %D%/qcow2/io.h \
	%D%/qcow2/serve.c %D%/qcow2/serve.h \
	%D%/qcow2/table.c %D%/qcow2/table.h \
	%D%/qcow2/vet.c %D%/qcow2/vet.h \
	%D%/qcow2/writer.c %D%/qcow2/writer.h
src_storage_libqcow2_a_CPPFLAGS = $(AM_CPPFLAGS) $(QCOW2_CFLAGS)

bin_PROGRAMS += mgr-qcow2
mgr_qcow2_SOURCES = %D%/qcow2/main.c
mgr_qcow2_LDADD = src/storage/libqcow2.a src/storage/libstorage.a src/base/libbase.a $(QCOW2_LIBS) -lpthread
endif

# The one that links libblkid and libfdisk; without them there is no --image.
if HAVE_PROBE
pkglibexec_PROGRAMS += mgr-disk
mgr_disk_SOURCES = %D%/probe/main.c %D%/probe/content.c %D%/probe/probe.h %D%/probe/table.c
mgr_disk_CPPFLAGS = $(AM_CPPFLAGS) $(PROBE_CFLAGS)
mgr_disk_LDADD = src/storage/libstorage.a src/base/libbase.a $(PROBE_LIBS)
endif
