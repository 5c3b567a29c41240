noinst_LIBRARIES += src/files/libfiles.a
src_files_libfiles_a_SOURCES = \
	%D%/base.c \
	%D%/content.c \
	%D%/files.h \
	%D%/internal.h \
	%D%/make.c \
	%D%/place.c \
	%D%/receive.c \
	%D%/receive_file.c \
	%D%/receiver.c %D%/receiver.h \
	%D%/record.c \
	%D%/send.c \
	%D%/sender.c %D%/sender.h
