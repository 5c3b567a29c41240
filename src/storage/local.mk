noinst_LIBRARIES += src/storage/libstorage.a
src_storage_libstorage_a_SOURCES = \
	%D%/dir.c \
	%D%/exposed.c \
	%D%/internal.h \
	%D%/keys.c %D%/keys.h \
	%D%/storage.c %D%/storage.h
