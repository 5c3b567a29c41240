noinst_LIBRARIES += src/tty/libtty.a
src_tty_libtty_a_SOURCES = \
	%D%/console.c \
	%D%/escape.c \
	%D%/keys.c %D%/keys.h \
	%D%/pty.c \
	%D%/raw.c \
	%D%/relay.c \
	%D%/replay.c %D%/replay.h \
	%D%/ring.c %D%/ring.h \
	%D%/stdio.c \
	%D%/tty.h
