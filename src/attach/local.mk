noinst_LIBRARIES += src/attach/libattach.a
src_attach_libattach_a_SOURCES = \
	%D%/again.c \
	%D%/ask.c \
	%D%/attach.c %D%/attach.h \
	%D%/enter.c \
	%D%/inside.c %D%/inside.h \
	%D%/internal.h
