noinst_LIBRARIES += src/cgroup/libcgroup.a
src_cgroup_libcgroup_a_SOURCES = \
	%D%/cgroup.h %D%/internal.h \
	%D%/devices.c %D%/devices.h \
	%D%/devices_bpf.c \
	%D%/devices_list.c \
	%D%/devices_program.c %D%/devices_program.h \
	%D%/file.c \
	%D%/find.c \
	%D%/folder.c \
	%D%/freeze.c %D%/freeze.h \
	%D%/host.c \
	%D%/join.c \
	%D%/keys.c %D%/keys.h \
	%D%/kept.c \
	%D%/kill.c \
	%D%/limits.c \
	%D%/pressure.c \
	%D%/prune.c \
	%D%/raw.c \
	%D%/usage.c \
	%D%/view.c \
	%D%/walk.c
