noinst_LIBRARIES += src/lib/liblib.a
src_lib_liblib_a_SOURCES = \
	%D%/start.c %D%/start.h
