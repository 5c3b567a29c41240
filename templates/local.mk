templatesdir = $(pkgdatadir)/templates
dist_templates_SCRIPTS = \
	%D%/busybox \
	%D%/debian

# What they source.
dist_pkgdata_DATA += %D%/login.sh %D%/archives.sh
