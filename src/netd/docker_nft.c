/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DOCKER-USER of nftables, where iptables-nft keeps it: rules that iptables can list too. */
#include "netd/docker.h"
#include "netd/nft_rule.h"
#include "netd/nft_socket.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"

#define TABLE "filter"

/* What the chain has of ours. */
struct seen {
	const struct docker_rules *rules;
	struct str comments; /* a line each */
	size_t n;
	uint64_t *handles;
	uint64_t end; /* of a rule behind which none is reached; 0: there is none */
	bool failed;
};

static void seen_done(struct seen *seen)
{
	str_done(&seen->comments);
	free(seen->handles);
}

static int take_comment(const struct nftnl_udata *attr, void *data)
{
	if (nftnl_udata_type(attr) == NFTNL_UDATA_RULE_COMMENT)
		*(const char **)data = nftnl_udata_get(attr);
	return 0;
}

static const char *comment_of(struct nftnl_rule *rule)
{
	const char *comment = NULL;
	uint32_t len = 0;
	const void *data = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &len);

	if (data)
		nftnl_udata_parse(data, len, take_comment, &comment);
	return comment ? comment : "";
}

/* Does each packet leave the chain here? */
static bool is_end(struct nftnl_rule *rule)
{
	struct nftnl_expr_iter *it = nftnl_expr_iter_create(rule);
	struct nftnl_expr *e;
	bool leaves = false, always = it != NULL;

	while (it && (e = nftnl_expr_iter_next(it))) {
		const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
		if (str_eq(name, "immediate"))
			leaves = nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT) == (uint32_t)NFT_RETURN;
		else
			always = always && str_eq(name, "counter");
	}
	if (it)
		nftnl_expr_iter_destroy(it);
	return always && leaves;
}

static int add_seen(struct seen *seen, uint64_t handle, const char *comment)
{
	uint64_t *handles = reallocarray(seen->handles, seen->n + 1, sizeof *handles);

	if (!handles)
		return -ENOMEM;
	seen->handles = handles;
	handles[seen->n++] = handle;
	str_addf(&seen->comments, "%s\n", comment);
	return 0;
}

static int take_rule(const struct nlmsghdr *head, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct seen *seen = data;

	if (!rule || nftnl_rule_nlmsg_parse(head, rule) < 0) {
		seen->failed = true;
	} else {
		uint64_t handle = nftnl_rule_get_u64(rule, NFTNL_RULE_HANDLE);
		const char *comment = comment_of(rule);
		if (docker_is_tagged(seen->rules, comment))
			seen->failed = seen->failed || add_seen(seen, handle, comment) < 0;
		else if (!seen->end && is_end(rule))
			seen->end = handle;
	}
	if (rule)
		nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static struct nftnl_rule *new_rule(uint8_t family)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return NULL;
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, family);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, DOCKER_CHAIN);
	return rule;
}

static int look(struct mnl_socket *sock, uint8_t family, struct seen *seen)
{
	uint8_t buf[NFT_QUESTION];
	struct nlmsghdr *head = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETRULE, family, NLM_F_DUMP, 1);
	struct nftnl_rule *filter = new_rule(family);
	int r;

	if (!filter)
		return -ENOMEM;
	nftnl_rule_nlmsg_build_payload(head, filter);
	nftnl_rule_free(filter);
	r = nft_dump(sock, head, take_rule, seen);
	return r < 0 ? r : seen->failed || seen->comments.failed ? -ENOMEM : 0;
}

/* One message: the rule, which is freed. */
static void put(struct nft_batch *b, uint8_t family, struct nftnl_rule *rule, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *head = nftnl_nlmsg_build_hdr(nftnl_batch_buffer(b->batch), type, family, flags, b->seq++);

	nftnl_rule_nlmsg_build_payload(head, rule);
	nft_batch_next(b);
	nftnl_rule_free(rule);
}

static void put_del(struct nft_batch *b, uint8_t family, uint64_t handle)
{
	struct nftnl_rule *rule = new_rule(family);

	if (!rule) {
		b->failed = true;
		return;
	}
	nftnl_rule_set_u64(rule, NFTNL_RULE_HANDLE, handle);
	put(b, family, rule, NFT_MSG_DELRULE, 0);
}

static void set_comment(struct nftnl_rule *rule, const char *comment)
{
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	if (!buf)
		return;
	if (nftnl_udata_put_strz(buf, NFTNL_UDATA_RULE_COMMENT, comment))
		nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(buf), nftnl_udata_buf_len(buf));
	nftnl_udata_buf_free(buf);
}

/* before: a rule's handle, or 0: at the end. */
static void put_add(struct nft_batch *b, uint8_t family, const struct docker_rule *what, uint64_t before)
{
	struct rule m = { b, new_rule(family) };

	if (!m.rule) {
		b->failed = true;
		return;
	}
	rule_if_interface(&m, NFT_META_IIFNAME, NFT_CMP_EQ, what->in);
	rule_if_interface(&m, NFT_META_OIFNAME, NFT_CMP_EQ, what->out);
	rule_verdict(&m, NF_ACCEPT);
	set_comment(m.rule, what->comment);
	if (before)
		nftnl_rule_set_u64(m.rule, NFTNL_RULE_POSITION, before);
	put(b, family, m.rule, NFT_MSG_NEWRULE, before ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_APPEND);
}

static bool is_right(const struct docker_rules *rules, const struct seen *seen)
{
	autocall(str_done) struct str wanted = { 0 };

	for (size_t i = 0; i < rules->n; i++)
		str_addf(&wanted, "%s\n", rules->v[i].comment);
	return !wanted.failed && str_eq(str_text(&wanted), str_text(&seen->comments));
}

static int change(struct mnl_socket *sock, uint8_t family, const struct docker_rules *rules, const struct seen *seen,
		  struct err *err)
{
	autocall(nft_batch_done) struct nft_batch b = { 0 };
	int r = nft_batch_init(&b, 1, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < seen->n; i++)
		put_del(&b, family, seen->handles[i]);
	for (size_t i = 0; i < rules->n; i++)
		put_add(&b, family, &rules->v[i], seen->end);
	r = nft_batch_commit(&b, sock, err);
	if (r != -ENOENT) /* which is: the chain has gone meanwhile */
		return r < 0 ? err_wrap(err, "change chain '" DOCKER_CHAIN "'") : 0;
	err_clear(err);
	return 0;
}

static bool has_chain(struct mnl_socket *sock, uint8_t family)
{
	uint8_t buf[NFT_QUESTION];
	struct nlmsghdr *head = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETCHAIN, family, NLM_F_ACK, 1);

	mnl_attr_put_strz(head, NFTA_CHAIN_TABLE, TABLE);
	mnl_attr_put_strz(head, NFTA_CHAIN_NAME, DOCKER_CHAIN);
	return nft_dump(sock, head, NULL, NULL) == 0;
}

static int set_family(struct mnl_socket *sock, uint8_t family, const struct docker_rules *rules, struct err *err)
{
	autocall(seen_done) struct seen seen = { .rules = rules };
	int r;

	if (!has_chain(sock, family))
		return 0;
	r = look(sock, family, &seen);
	if (r < 0)
		return err_sys(err, -r, "read chain '" DOCKER_CHAIN "'");
	return is_right(rules, &seen) ? 0 : change(sock, family, rules, &seen, err);
}

bool docker_is_there(void)
{
	struct err err = { 0 };
	struct mnl_socket *sock = nft_socket(0, &err);
	bool is = sock && (has_chain(sock, NFPROTO_IPV4) || has_chain(sock, NFPROTO_IPV6));

	if (sock)
		mnl_socket_close(sock);
	return is;
}

static int set(const struct docker_rules *rules, struct err *err)
{
	struct mnl_socket *sock = nft_socket(0, err);
	int r;

	if (!sock)
		return -err->code;
	r = set_family(sock, NFPROTO_IPV4, rules, err);
	if (r >= 0)
		r = set_family(sock, NFPROTO_IPV6, rules, err);
	mnl_socket_close(sock);
	return r;
}

int docker_set(const struct docker *docker, struct err *err)
{
	autocall(docker_rules_done) struct docker_rules rules = { 0 };
	int r = docker_is_there() ? docker_rules_list(docker, &rules, err) : 0;

	if (r >= 0 && rules.tag)
		r = set(&rules, err);
	return r < 0 ? err_wrap(err, "have containers' packets pass " DOCKER_CHAIN) : 0;
}
