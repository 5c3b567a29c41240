noinst_LIBRARIES += src/security/libsecurity.a
src_security_libsecurity_a_SOURCES = \
	%D%/apparmor.c \
	%D%/caps.c \
	%D%/compiled.c \
	%D%/internal.h \
	%D%/keys.c %D%/keys.h \
	%D%/label.c \
	%D%/names.c \
	%D%/seccomp.c \
	%D%/security.h

# The one program that links libseccomp.
pkglibexec_PROGRAMS += mgr-seccomp
mgr_seccomp_SOURCES = \
	%D%/compiler/main.c \
	%D%/compiler/profile.c %D%/compiler/profile.h
mgr_seccomp_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
mgr_seccomp_LDADD = src/base/libbase.a $(SECCOMP_LIBS)

dist_pkgdata_DATA += config/default.seccomp config/generated.apparmor config/privileged.apparmor config/apparmor.features
