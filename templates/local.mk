templatesdir = $(pkgdatadir)/templates
dist_templates_SCRIPTS = \
	%D%/busybox \
	%D%/debian
