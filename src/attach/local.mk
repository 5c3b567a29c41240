noinst_LIBRARIES += src/attach/libattach.a
src_attach_libattach_a_SOURCES = \
	%D%/attach.c %D%/attach.h \
	%D%/enter.c \
	%D%/internal.h
