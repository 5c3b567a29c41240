noinst_LIBRARIES += src/init/libinit.a
src_init_libinit_a_SOURCES = \
	%D%/check.c \
	%D%/conf.c \
	%D%/elf.c %D%/elf.h \
	%D%/exec.c \
	%D%/init.h \
	%D%/keys.c %D%/keys.h \
	%D%/signals.c
