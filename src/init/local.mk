noinst_LIBRARIES += src/init/libinit.a
src_init_libinit_a_SOURCES = \
	%D%/check.c \
	%D%/command.c \
	%D%/conf.c \
	%D%/elf.c %D%/elf.h \
	%D%/exec.c \
	%D%/explain.c \
	%D%/init.h \
	%D%/internal.h \
	%D%/keys.c %D%/keys.h \
	%D%/signals.c

# PID 1 of a container that runs one command. Static, because it needs nothing of the container's, and stripped, because each
# run has a copy of it in memory.
pkglibexec_PROGRAMS += mgr-init
mgr_init_SOURCES = %D%/main.c
mgr_init_LDFLAGS = $(SUPERVISOR_LDFLAGS) -s
mgr_init_LDADD = src/init/libinit.a src/base/libbase.a
