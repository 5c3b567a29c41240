noinst_LIBRARIES += src/check/libcheck.a
src_check_libcheck_a_SOURCES = \
	%D%/cgroups.c \
	%D%/check.c %D%/check.h \
	%D%/devices.c \
	%D%/ids.c \
	%D%/internal.h \
	%D%/kernel.c \
	%D%/limits.c \
	%D%/mounts.c \
	%D%/namespaces.c \
	%D%/network.c \
	%D%/security.c \
	%D%/try.c
