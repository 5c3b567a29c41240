noinst_LIBRARIES += src/ns/libns.a
src_ns_libns_a_SOURCES = \
	%D%/clone.c \
	%D%/idmap.c \
	%D%/keys.c %D%/keys.h \
	%D%/ns.h
