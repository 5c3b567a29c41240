# `make lint` and `make check-asan` work in a plain build folder; `make check` runs the unit tests (tests/unit/local.mk).
lint: man/tables
	@MGR_TABLES=$(abs_builddir)/man/tables $(top_srcdir)/tests/lint/run

check-asan:
	@$(top_srcdir)/tests/run --asan

.PHONY: lint check-asan

EXTRA_DIST += tests/bench tests/behaviour tests/fuzz tests/lab tests/lib tests/lint tests/packages tests/run tests/vm

# configure puts sysconfdir into /etc by itself; a trial installation must not.
AM_DISTCHECK_CONFIGURE_FLAGS = --sysconfdir=$$dc_install_base/etc
