/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chains of others that drop what is forwarded and what they do not know, whatever our table says of it. */
#ifndef MGR_NETD_DROPPERS_H
#define MGR_NETD_DROPPERS_H

#include "base/err.h"

struct nft;

/* -EPERM with one that no rule about our bridge stands in the table of; 0: there is none. */
int droppers_find(const struct nft *nft, struct err *err);

/* Has firewalld rules here, and does one of them know our bridge? */
enum droppers_firewalld {
	FIREWALLD_ABSENT,
	FIREWALLD_DROPS,
	FIREWALLD_KNOWS,
};
enum droppers_firewalld droppers_firewalld(const struct nft *nft);

#endif
