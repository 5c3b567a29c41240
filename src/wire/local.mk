noinst_LIBRARIES += src/wire/libwire.a
src_wire_libwire_a_SOURCES = \
	%D%/attach.h \
	%D%/console.h \
	%D%/device.h \
	%D%/handover.c %D%/handover.h \
	%D%/net.c %D%/net.h \
	%D%/server.c %D%/server.h \
	%D%/wire.c %D%/wire.h
