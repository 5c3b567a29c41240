noinst_LIBRARIES += src/tty/libtty.a
src_tty_libtty_a_SOURCES = \
	%D%/console.c \
	%D%/escape.c \
	%D%/pty.c \
	%D%/raw.c \
	%D%/relay.c \
	%D%/tty.h
