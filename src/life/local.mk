noinst_LIBRARIES += src/life/liblife.a
src_life_liblife_a_SOURCES = \
	%D%/adopt.c \
	%D%/allot.c \
	%D%/create.c %D%/life.h %D%/internal.h \
	%D%/destroy.c \
	%D%/fill.c \
	%D%/force.c \
	%D%/forward.c %D%/forward.h \
	%D%/freeze.c %D%/freeze.h \
	%D%/glance.c %D%/glance.h \
	%D%/look.c %D%/look.h \
	%D%/state.c %D%/state.h \
	%D%/stop.c %D%/stop.h \
	%D%/wait.c %D%/wait.h
