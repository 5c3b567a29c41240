noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	%D%/cgroup.c \
	%D%/claim.c %D%/claim.h \
	%D%/domain.c \
	%D%/each.c \
	%D%/ephemeral.c %D%/ephemeral.h \
	%D%/further.c \
	%D%/holder.c \
	%D%/husk.c \
	%D%/ids.c %D%/ids.h \
	%D%/internal.h \
	%D%/known.c \
	%D%/last.c %D%/last.h \
	%D%/leases.c %D%/leases.h \
	%D%/log.c \
	%D%/lock.c \
	%D%/networks.c \
	%D%/own.c \
	%D%/prefix6.c \
	%D%/registry.c \
	%D%/rename.c \
	%D%/restore.c %D%/restore.h \
	%D%/settings.c %D%/settings.h \
	%D%/store.c %D%/store.h \
	%D%/subnet.c \
	%D%/unclaim.c
