noinst_LIBRARIES += src/unit/libunit.a
src_unit_libunit_a_SOURCES = \
	%D%/host.c \
	%D%/internal.h \
	%D%/machine.c \
	%D%/notify.c \
	%D%/own.c \
	%D%/scope.c \
	%D%/unit.h

# The one program that links libsystemd; without it a host with systemd is like any other.
if HAVE_SYSTEMD
pkglibexec_PROGRAMS += mgr-systemd
mgr_systemd_SOURCES = \
	%D%/systemd/firewalld.c \
	%D%/systemd/machine.c \
	%D%/systemd/main.c \
	%D%/systemd/resolved.c \
	%D%/systemd/scope.c \
	%D%/systemd/systemd.h
mgr_systemd_CPPFLAGS = $(AM_CPPFLAGS) $(SYSTEMD_CFLAGS)
mgr_systemd_LDADD = src/base/libbase.a $(SYSTEMD_LIBS)
endif
