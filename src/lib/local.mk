noinst_LIBRARIES += src/lib/liblib.a
src_lib_liblib_a_SOURCES = \
	%D%/copy.c %D%/copy.h \
	%D%/environment.c \
	%D%/foreground.c %D%/foreground.h \
	%D%/internal.h \
	%D%/program.c %D%/program.h \
	%D%/root.c %D%/root.h \
	%D%/start.c %D%/start.h

# libmgr: rooms once more, as code for a shared library, which takes the functions that it needs. It links the C library alone;
# what needs more is run as a program. Its link fails when a function comes to call into a room that is not here: add its
# files. mgr is for Linux only, so that one rule is all it takes.
noinst_LIBRARIES += src/lib/libshared.a
src_lib_libshared_a_CFLAGS = $(AM_CFLAGS) -fPIC -ffunction-sections -fdata-sections
src_lib_libshared_a_SOURCES = \
	%D%/copy.c \
	%D%/environment.c \
	%D%/program.c %D%/program.h \
	%D%/root.c \
	%D%/start.c \
	$(src_base_libbase_a_SOURCES) \
	$(src_wire_libwire_a_SOURCES) \
	$(src_store_libstore_a_SOURCES) \
	$(src_files_libfiles_a_SOURCES) \
	$(src_cgroup_libcgroup_a_SOURCES) \
	$(src_guest_libguest_a_SOURCES) \
	$(src_life_liblife_a_SOURCES) \
	$(src_storage_libstorage_a_SOURCES) \
	src/attach/ask.c src/attach/inside.c \
	src/net/names.c src/net/waits.c \
	src/security/caps.c src/security/label.c

pkginclude_HEADERS = %D%/mgr.h
sharedlibdir = $(libdir)
sharedlib_PROGRAMS = libmgr.so.0
libmgr_so_0_SOURCES = \
	%D%/api.c %D%/api.h \
	%D%/api_copy.c \
	%D%/api_look.c \
	%D%/api_process.c \
	%D%/api_rest.c \
	%D%/api_run.c
libmgr_so_0_CFLAGS = $(AM_CFLAGS) -fPIC
libmgr_so_0_LDFLAGS = -shared -Wl,-soname,libmgr.so.0 -Wl,-z,defs -Wl,--gc-sections \
	-Wl,--version-script=$(srcdir)/src/lib/libmgr.map
libmgr_so_0_LDADD = src/lib/libshared.a
libmgr_so_0_DEPENDENCIES = src/lib/libshared.a $(srcdir)/src/lib/libmgr.map
EXTRA_DIST += %D%/libmgr.abi %D%/libmgr.map

pkgconfigdir = $(libdir)/pkgconfig
nodist_pkgconfig_DATA = mgr.pc
