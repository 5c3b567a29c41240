noinst_LIBRARIES += src/mount/libmount.a
src_mount_libmount_a_SOURCES = \
	%D%/api.c \
	%D%/dev.c \
	%D%/entry.c %D%/entry.h \
	%D%/entry_mount.c \
	%D%/internal.h \
	%D%/keys.c %D%/keys.h \
	%D%/lock.c \
	%D%/mount.h \
	%D%/place.c %D%/place.h \
	%D%/root.c \
	%D%/unmapped.c \
	%D%/volume.c %D%/volume.h
