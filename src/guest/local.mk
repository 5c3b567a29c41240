noinst_LIBRARIES += src/guest/libguest.a
src_guest_libguest_a_SOURCES = \
	%D%/env.c \
	%D%/guest.h \
	%D%/user.c
