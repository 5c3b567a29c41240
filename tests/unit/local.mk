# Unit tests mirror src/: tests/unit/ROOM/test_FILE.c becomes one program. To add one, add its line to unit_tests and its
# sources and libraries below.
unit_tests = tests/unit/base/test_str \
	tests/unit/base/test_file \
	tests/unit/base/test_run \
	tests/unit/store/test_registry \
	tests/unit/store/test_store \
	tests/unit/life/test_state \
	tests/unit/supervisor/test_supervisor \
	tests/unit/wire/test_wire
unit_tests += tests/unit/files/test_receive
unit_tests += tests/unit/cgroup/test_host tests/unit/cgroup/test_life tests/unit/cgroup/test_devices

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)
endif
UNIT_LDADD = $(CMOCKA_LIBS)

tests_unit_base_test_str_SOURCES = %D%/base/test_str.c
tests_unit_base_test_str_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_str_LDADD = src/base/libbase.a $(UNIT_LDADD)

tests_unit_base_test_file_SOURCES = %D%/base/test_file.c
tests_unit_base_test_file_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_file_LDADD = src/base/libbase.a $(UNIT_LDADD)

tests_unit_base_test_run_SOURCES = %D%/base/test_run.c
tests_unit_base_test_run_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_base_test_run_LDADD = src/base/libbase.a $(UNIT_LDADD)

tests_unit_wire_test_wire_SOURCES = %D%/wire/test_wire.c
tests_unit_wire_test_wire_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_wire_test_wire_LDADD = src/wire/libwire.a src/base/libbase.a $(UNIT_LDADD)
tests_unit_cgroup_test_host_SOURCES = %D%/cgroup/test_host.c
tests_unit_cgroup_test_host_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cgroup_test_host_LDADD = src/cgroup/libcgroup.a src/base/libbase.a $(UNIT_LDADD)

tests_unit_cgroup_test_life_SOURCES = %D%/cgroup/test_life.c
tests_unit_cgroup_test_life_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cgroup_test_life_LDADD = src/cgroup/libcgroup.a src/base/libbase.a $(UNIT_LDADD)

tests_unit_cgroup_test_devices_SOURCES = %D%/cgroup/test_devices.c
tests_unit_cgroup_test_devices_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_cgroup_test_devices_LDADD = src/cgroup/libcgroup.a src/base/libbase.a $(UNIT_LDADD)

tests_unit_store_test_registry_SOURCES = %D%/store/test_registry.c
tests_unit_store_test_registry_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_registry_LDADD = src/store/libstore.a src/conf/libconf.a src/base/libbase.a $(UNIT_LDADD)

tests_unit_store_test_store_SOURCES = %D%/store/test_store.c
tests_unit_store_test_store_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_store_test_store_LDADD = src/store/libstore.a src/conf/libconf.a src/base/libbase.a $(UNIT_LDADD)

tests_unit_supervisor_test_supervisor_SOURCES = %D%/supervisor/test_supervisor.c %D%/supervisor/harness.c %D%/supervisor/harness.h
tests_unit_supervisor_test_supervisor_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) -DSUPERVISOR='"$(abs_top_builddir)/mgr-supervisor"'
tests_unit_supervisor_test_supervisor_LDADD = src/store/libstore.a src/wire/libwire.a src/conf/libconf.a src/base/libbase.a $(UNIT_LDADD)
unit_tests += tests/unit/security/test_caps tests/unit/security/test_profile
tests_unit_security_test_caps_SOURCES = %D%/security/test_caps.c
tests_unit_security_test_caps_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(CAP_CFLAGS)
tests_unit_security_test_caps_LDADD = src/security/libsecurity.a src/base/libbase.a $(CAP_LIBS) $(UNIT_LDADD)

tests_unit_security_test_profile_SOURCES = %D%/security/test_profile.c src/security/compiler/profile.c
tests_unit_security_test_profile_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(SECCOMP_CFLAGS)
tests_unit_security_test_profile_LDADD = src/base/libbase.a $(UNIT_LDADD)

unit_tests += tests/unit/spec/test_spec
tests_unit_spec_test_spec_SOURCES = %D%/spec/test_spec.c
tests_unit_spec_test_spec_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_spec_test_spec_LDADD = $(spec_archives) src/store/libstore.a src/conf/libconf.a src/base/libbase.a $(spec_libs) $(UNIT_LDADD)

unit_tests += tests/unit/mount/test_place
tests_unit_mount_test_place_SOURCES = %D%/mount/test_place.c
tests_unit_mount_test_place_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_mount_test_place_LDADD = src/mount/libmount.a src/conf/libconf.a src/base/libbase.a $(UNIT_LDADD)

unit_tests += tests/unit/spec/test_device
tests_unit_spec_test_device_SOURCES = %D%/spec/test_device.c
tests_unit_spec_test_device_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_spec_test_device_LDADD = $(spec_archives) src/store/libstore.a src/conf/libconf.a src/base/libbase.a $(spec_libs) $(UNIT_LDADD)

unit_tests += tests/unit/conf/test_conf tests/unit/conf/test_edit
tests_unit_conf_test_conf_SOURCES = %D%/conf/test_conf.c
tests_unit_conf_test_conf_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_conf_test_conf_LDADD = src/conf/libconf.a src/base/libbase.a $(INIH_LIBS) $(UNIT_LDADD)

tests_unit_conf_test_edit_SOURCES = %D%/conf/test_edit.c
tests_unit_conf_test_edit_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_conf_test_edit_LDADD = src/conf/libconf.a src/base/libbase.a $(UNIT_LDADD)
unit_tests += tests/unit/guest/test_user
tests_unit_guest_test_user_SOURCES = %D%/guest/test_user.c
tests_unit_guest_test_user_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_guest_test_user_LDADD = src/guest/libguest.a src/base/libbase.a $(UNIT_LDADD)

tests_unit_life_test_state_SOURCES = %D%/life/test_state.c
tests_unit_life_test_state_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_life_test_state_LDADD = src/life/liblife.a src/cgroup/libcgroup.a src/store/libstore.a src/conf/libconf.a src/wire/libwire.a \
	src/base/libbase.a $(UNIT_LDADD)

unit_tests += tests/unit/ns/test_idmap tests/unit/storage/test_storage tests/unit/init/test_init tests/unit/boot/test_undo
tests_unit_ns_test_idmap_SOURCES = %D%/ns/test_idmap.c
tests_unit_ns_test_idmap_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_ns_test_idmap_LDADD = src/ns/libns.a src/base/libbase.a $(UNIT_LDADD)
tests_unit_storage_test_storage_SOURCES = %D%/storage/test_storage.c
tests_unit_storage_test_storage_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_storage_test_storage_LDADD = src/storage/libstorage.a src/store/libstore.a src/base/libbase.a $(UNIT_LDADD)
tests_unit_init_test_init_SOURCES = %D%/init/test_init.c
tests_unit_init_test_init_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_init_test_init_LDADD = src/init/libinit.a src/base/libbase.a $(UNIT_LDADD)
tests_unit_boot_test_undo_SOURCES = %D%/boot/test_undo.c
tests_unit_boot_test_undo_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_boot_test_undo_LDADD = src/boot/libboot.a src/base/libbase.a $(UNIT_LDADD)

unit_tests += tests/unit/net/test_net tests/unit/netd/test_netd tests/unit/netd/test_parts
tests_unit_net_test_net_SOURCES = %D%/net/test_net.c
tests_unit_net_test_net_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_net_test_net_LDADD = src/net/libnet.a src/store/libstore.a src/conf/libconf.a src/wire/libwire.a src/conf/libconf.a src/base/libbase.a $(INIH_LIBS) $(UNIT_LDADD)
tests_unit_netd_test_netd_SOURCES = %D%/netd/test_netd.c
tests_unit_netd_test_netd_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(NFT_CFLAGS)
tests_unit_netd_test_netd_LDADD = src/netd/libnetd.a src/net/libnet.a src/store/libstore.a src/conf/libconf.a src/wire/libwire.a src/base/libbase.a \
	$(NFT_LIBS) $(UNIT_LDADD)
tests_unit_netd_test_parts_SOURCES = %D%/netd/test_parts.c
tests_unit_netd_test_parts_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(NFT_CFLAGS)
tests_unit_netd_test_parts_LDADD = src/netd/libnetd.a src/net/libnet.a src/store/libstore.a src/conf/libconf.a src/wire/libwire.a src/base/libbase.a \
	$(NFT_LIBS) $(UNIT_LDADD)

unit_tests += tests/unit/netd/test_guard
tests_unit_netd_test_guard_SOURCES = %D%/netd/test_guard.c
tests_unit_netd_test_guard_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(NFT_CFLAGS)
tests_unit_netd_test_guard_LDADD = src/netd/libnetd.a src/net/libnet.a src/store/libstore.a src/conf/libconf.a src/wire/libwire.a src/base/libbase.a \
	$(NFT_LIBS) $(UNIT_LDADD)

unit_tests += tests/unit/tty/test_tty
tests_unit_tty_test_tty_SOURCES = %D%/tty/test_tty.c
tests_unit_tty_test_tty_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_tty_test_tty_LDADD = src/tty/libtty.a src/wire/libwire.a src/base/libbase.a $(UNIT_LDADD)

tests_unit_files_test_receive_SOURCES = %D%/files/test_receive.c
tests_unit_files_test_receive_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_files_test_receive_LDADD = src/files/libfiles.a src/base/libbase.a $(UNIT_LDADD)

if HAVE_QCOW2
unit_tests += tests/unit/storage/test_delta
tests_unit_storage_test_delta_SOURCES = %D%/storage/test_delta.c
tests_unit_storage_test_delta_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(QCOW2_CFLAGS)
tests_unit_storage_test_delta_LDADD = src/storage/libqcow2.a src/base/libbase.a $(QCOW2_LIBS) $(UNIT_LDADD)
unit_tests += tests/unit/storage/test_qcow2
tests_unit_storage_test_qcow2_SOURCES = %D%/storage/test_qcow2.c
tests_unit_storage_test_qcow2_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS) $(QCOW2_CFLAGS)
tests_unit_storage_test_qcow2_LDADD = src/storage/libqcow2.a src/base/libbase.a $(QCOW2_LIBS) $(UNIT_LDADD)
endif
unit_tests += tests/unit/storage/test_confine
tests_unit_storage_test_confine_SOURCES = %D%/storage/test_confine.c
tests_unit_storage_test_confine_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_storage_test_confine_LDADD = src/storage/libstorage.a src/base/libbase.a $(UNIT_LDADD)

unit_tests += tests/unit/storage/test_loopdev
tests_unit_storage_test_loopdev_SOURCES = %D%/storage/test_loopdev.c
tests_unit_storage_test_loopdev_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_storage_test_loopdev_LDADD = src/storage/libstorage.a src/base/libbase.a $(UNIT_LDADD)
