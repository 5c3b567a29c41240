# bash completion, of the tables that the programs print (doc/man/local.mk); bash finds it by the name of each command.
bashcompletiondir = $(datadir)/bash-completion/completions
bashcompletion_DATA = completion/mgr

completion/mgr: $(srcdir)/%D%/mgr.bash.in $(srcdir)/%D%/fill man/tables
	$(AM_V_GEN)$(MKDIR_P) %D% && $(AWK) -f $(srcdir)/%D%/fill -v templatesdir='$(templatesdir)' man/tables $< >$@.new && mv $@.new $@

CLEANFILES = completion/mgr
EXTRA_DIST += %D%/mgr.bash.in %D%/fill

# A program of its own, in none of the tables.
if HAVE_QCOW2
completion_more = mgr-qcow2
endif

install-data-hook:
	@set -e; cd '$(DESTDIR)$(bashcompletiondir)'; for name in $(fast_names) $(manage_names) $(completion_more); do $(LN_S) -f mgr $$name; done
