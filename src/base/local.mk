noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
	%D%/bpf.c %D%/bpf.h \
	%D%/cleanup.h \
	%D%/clock.c %D%/clock.h \
	%D%/clone.c %D%/clone.h \
	%D%/debug.c %D%/debug.h \
	%D%/err.c %D%/err.h \
	%D%/escape.c \
	%D%/fd.c %D%/fd.h \
	%D%/file.c %D%/file.h \
	%D%/keeper.c %D%/keeper.h \
	%D%/lock.c %D%/lock.h \
	%D%/log.c %D%/log.h \
	%D%/loop.c %D%/loop.h \
	%D%/mnt.c %D%/mnt.h %D%/mnt_apart.c %D%/mnt_flag.c \
	%D%/mountinfo.c %D%/mountinfo.h \
	%D%/path.c %D%/path.h \
	%D%/proc.c %D%/proc.h \
	%D%/remove.c \
	%D%/run.c \
	%D%/script.c %D%/script.h \
	%D%/str.c %D%/str.h \
	%D%/subvol.c %D%/subvol.h \
	%D%/sys.c %D%/sys.h \
	%D%/vec.h \
	%D%/walk.c %D%/walk.h \
	%D%/which.c \
	%D%/words.c
