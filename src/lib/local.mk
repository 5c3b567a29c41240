noinst_LIBRARIES += src/lib/liblib.a
src_lib_liblib_a_SOURCES = \
	%D%/copy.c %D%/copy.h \
	%D%/foreground.c %D%/foreground.h \
	%D%/internal.h \
	%D%/root.c %D%/root.h \
	%D%/start.c %D%/start.h
