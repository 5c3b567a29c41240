# For systemd, which looks below /usr/local too. Nothing of them is enabled by installing them.
systemunitdir = $(prefix)/lib/systemd/system
systemunit_sources = mgr@.service mgr.service mgr-net.service
nodist_systemunit_DATA = $(systemunit_sources:%=units/%)
dist_systemunit_DATA = %D%/mgr.slice
EXTRA_DIST += $(systemunit_sources:%=%D%/%.in)

$(nodist_systemunit_DATA): units/%: $(srcdir)/%D%/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) units && sed -e 's|@bindir[@]|$(bindir)|' -e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' -e 's|@localstatedir[@]|$(localstatedir)|' $< >$@.new && mv $@.new $@

CLEANFILES += $(nodist_systemunit_DATA)
