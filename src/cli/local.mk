# The frame of every command, and the two programs that hold them. To add a command: its row in table_fast.c or
# table_manage.c, and its line %D%/cmd_NAME.c below; the link bindir/mgr-NAME follows from that.
noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_CPPFLAGS = $(AM_CPPFLAGS) $(SMARTCOLS_CFLAGS) $(JSON_CFLAGS)
src_cli_libcli_a_SOURCES = \
	%D%/change.c %D%/change.h \
	%D%/cli.h \
	%D%/complain.c %D%/complain.h \
	%D%/describe.c %D%/describe.h \
	%D%/help.c %D%/help.h \
	%D%/main.c \
	%D%/options.c %D%/options.h \
	%D%/parallel.c %D%/parallel.h \
	%D%/print.c %D%/print.h \
	%D%/print_internal.h \
	%D%/print_json.c \
	%D%/print_table.c \
	%D%/report.c %D%/report.h \
	%D%/value.c

bin_PROGRAMS += mgr
mgr_SOURCES = \
	%D%/attend.c %D%/attend.h \
	%D%/await.c %D%/await.h \
	%D%/cmd_attach.c \
	%D%/cmd_cgroup.c \
	%D%/cmd_checkconfig.c \
	%D%/cmd_console.c \
	%D%/cmd_forward.c \
	%D%/cmd_freeze.c \
	%D%/cmd_info.c \
	%D%/cmd_log.c \
	%D%/cmd_ls.c \
	%D%/cmd_monitor.c \
	%D%/cmd_pull.c \
	%D%/cmd_push.c \
	%D%/cmd_start.c \
	%D%/cmd_stop.c \
	%D%/cmd_unfreeze.c \
	%D%/cmd_wait.c \
	%D%/copy.c %D%/copy.h \
	%D%/log_files.c %D%/log_files.h \
	%D%/log_text.c %D%/log_text.h \
	%D%/look.c %D%/look.h \
	%D%/table_fast.c
mgr_LDADD = src/cli/libcli.a \
	src/lib/liblib.a \
	src/attach/libattach.a \
	src/check/libcheck.a \
	src/files/libfiles.a \
	src/guest/libguest.a \
	src/init/libinit.a \
	src/ns/libns.a \
	src/security/libsecurity.a \
	src/tty/libtty.a \
	src/life/liblife.a \
	src/storage/libstorage.a \
	src/cgroup/libcgroup.a \
	src/net/libnet.a \
	src/unit/libunit.a \
	src/mount/libmount.a \
	src/wire/libwire.a \
	src/store/libstore.a \
	src/conf/libconf.a \
	src/base/libbase.a

pkglibexec_PROGRAMS += mgr-manage
mgr_manage_SOURCES = \
	%D%/ask.c %D%/ask.h \
	%D%/attend.c %D%/attend.h \
	%D%/await.c %D%/await.h \
	%D%/cmd_autostart.c \
	%D%/cmd_config.c \
	%D%/cmd_copy.c \
	%D%/cmd_create.c \
	%D%/cmd_destroy.c \
	%D%/cmd_device.c \
	%D%/cmd_execute.c \
	%D%/cmd_export.c \
	%D%/cmd_images.c \
	%D%/cmd_import.c \
	%D%/cmd_net.c \
	%D%/cmd_rename.c \
	%D%/cmd_snapshot.c \
	%D%/config_live.c %D%/config_live.h \
	%D%/config_check.c \
	%D%/config_show.c %D%/config_show.h \
	%D%/create_ask.c %D%/create_ask.h \
	%D%/device_list.c %D%/device_list.h \
	%D%/describe_keys.c \
	%D%/enabled.c %D%/enabled.h \
	%D%/left.c %D%/left.h \
	%D%/net_leases.c %D%/net_show.h \
	%D%/net_status.c \
	%D%/progress.c %D%/progress.h \
	%D%/startable.c %D%/startable.h \
	%D%/table_manage.c
mgr_manage_LDADD = src/cli/libcli.a \
	src/lib/liblib.a \
	src/tty/libtty.a \
	src/life/liblife.a \
	src/template/libtemplate.a \
	src/boot/libboot.a \
	$(spec_archives) \
	src/unit/libunit.a \
	src/wire/libwire.a \
	src/store/libstore.a \
	src/conf/libconf.a \
	src/base/libbase.a \
	$(UUID_LIBS) $(spec_libs)

fast_names = $(patsubst %D%/cmd_%.c,mgr-%,$(filter %D%/cmd_%,$(mgr_SOURCES)))
manage_names = $(patsubst %D%/cmd_%.c,mgr-%,$(filter %D%/cmd_%,$(mgr_manage_SOURCES)))

install-exec-hook:
	@$(MKDIR_P) '$(DESTDIR)$(libdir)' && cd '$(DESTDIR)$(libdir)' && $(LN_S) -f libmgr.so.0 libmgr.so
	@set -e; cd '$(DESTDIR)$(bindir)'; for name in $(fast_names); do $(LN_S) -f mgr $$name; done
	@set -e; for name in $(manage_names); do \
		$(LN_S) -rf '$(DESTDIR)$(pkglibexecdir)/mgr-manage' "$(DESTDIR)$(bindir)/$$name"; done

uninstall-hook:
	@rm -f '$(DESTDIR)$(libdir)/libmgr.so'
	@cd '$(DESTDIR)$(bindir)' && rm -f $(fast_names) $(manage_names)
	@cd '$(DESTDIR)$(bashcompletiondir)' && rm -f $(fast_names) $(manage_names) $(completion_more)
