hooksdir = $(pkgdatadir)/hooks
dist_hooks_SCRIPTS = %D%/notify-webhook %D%/ssh-key %D%/wait-online
