noinst_LIBRARIES += src/hook/libhook.a
src_hook_libhook_a_SOURCES = \
	%D%/env.c \
	%D%/hook.h \
	%D%/internal.h \
	%D%/keys.c %D%/keys.h \
	%D%/output.c \
	%D%/run.c \
	%D%/told.c \
	%D%/trust.c

# Where mount hooks find a container's files (HOOK_ROOTFS_MOUNT): nothing but a mount point.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(pkglibexecdir)/rootfs'

uninstall-local:
	-rmdir '$(DESTDIR)$(pkglibexecdir)/rootfs'
