noinst_LIBRARIES += src/template/libtemplate.a
src_template_libtemplate_a_SOURCES = \
	%D%/internal.h \
	%D%/list.c \
	%D%/spawn.c \
	%D%/template.c %D%/template.h
