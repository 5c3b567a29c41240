# Manual pages: NAME.SECTION.in is prose, filled in from the tables of the programs just built. A new page is its file alone.
man_pages = $(wildcard $(srcdir)/%D%/*.in)
if HAVE_QCOW2
man_sources = $(man_pages)
else
man_sources = $(filter-out %/mgr-qcow2.1.in,$(man_pages))
endif
man_made = $(patsubst $(srcdir)/%D%/%.in,man/%,$(man_sources))
nodist_man1_MANS = $(filter %.1,$(man_made))
nodist_man3_MANS = $(filter %.3,$(man_made))
nodist_man5_MANS = $(filter %.5,$(man_made))
nodist_man7_MANS = $(filter %.7,$(man_made))

# What the pages, the completion and `make lint` go by.
man/tables: mgr mgr-manage
	$(AM_V_GEN)$(MKDIR_P) man && { ./mgr --describe && ./mgr-manage --describe; } >$@.new && mv $@.new $@

$(man_made): man/%: $(srcdir)/%D%/%.in $(srcdir)/%D%/fill man/tables
	$(AM_V_GEN)date=$$(LC_ALL=C date -u -r $< '+%B %-d, %Y') && \
	$(AWK) -f $(srcdir)/%D%/fill -v "date=$$date" -v version=$(PACKAGE_VERSION) man/tables $< >$@.new && mv $@.new $@

all-local: $(man_made)

clean-local:
	rm -rf man
