noinst_LIBRARIES += src/conf/libconf.a
src_conf_libconf_a_CPPFLAGS = $(AM_CPPFLAGS) $(INIH_CFLAGS)
src_conf_libconf_a_SOURCES = \
	%D%/conf.h %D%/internal.h \
	%D%/edit.c %D%/edit.h \
	%D%/include.c \
	%D%/load.c \
	%D%/schema.c \
	%D%/type_command.c \
	%D%/type_list.c \
	%D%/type_number.c \
	%D%/type_signal.c \
	%D%/type_text.c \
	%D%/unknown.c \
	%D%/value.c
