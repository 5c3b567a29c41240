noinst_LIBRARIES += src/lib/liblib.a
src_lib_liblib_a_SOURCES = \
	%D%/foreground.c %D%/foreground.h \
	%D%/start.c %D%/start.h
