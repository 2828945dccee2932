// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nsmux.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink.h"

#include <uapi/linux/nsmux.h>

/* Common nested types */
const struct nla_policy nsmux_netns_nl_policy[NSMUX_A_NETNS_COOKIE + 1] = {
	[NSMUX_A_NETNS_FD] = { .type = NLA_U32, },
	[NSMUX_A_NETNS_PID] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_NETNS_NSID] = NLA_POLICY_MIN(NLA_S32, 0),
	[NSMUX_A_NETNS_COOKIE] = NLA_POLICY_MIN(NLA_UINT, 1),
};

/* NSMUX_CMD_LOOKUP - do */
static const struct nla_policy nsmux_lookup_do_nl_policy[NSMUX_A_LOOKUP_DEVICE_NAME + 1] = {
	[NSMUX_A_LOOKUP_NETNS] = NLA_POLICY_NESTED(nsmux_netns_nl_policy),
	[NSMUX_A_LOOKUP_TABLE] = NLA_POLICY_MAX(NLA_U32, 10),
	[NSMUX_A_LOOKUP_LOCAL_ADDRESS] = NLA_POLICY_MAX_LEN(16),
	[NSMUX_A_LOOKUP_LOCAL_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[NSMUX_A_LOOKUP_REMOTE_ADDRESS] = NLA_POLICY_MAX_LEN(16),
	[NSMUX_A_LOOKUP_REMOTE_PORT] = { .type = NLA_BE16, },
	[NSMUX_A_LOOKUP_DEVICE] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_SLAVE] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_NAME] = NLA_POLICY_MAX_LEN(108),
	[NSMUX_A_LOOKUP_PROTOCOL] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_LOOKUP_PORT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_LOOKUP_LOCAL_CID] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_LOCAL_VSOCK_PORT] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_REMOTE_CID] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_REMOTE_VSOCK_PORT] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_NUMBER] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_LOOKUP_PIDNS] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_LOOKUP_DEVICE_NAME] = NLA_POLICY_MAX_LEN(16),
};

/* NSMUX_CMD_LOOKUP - dump */
static const struct nla_policy nsmux_lookup_dump_nl_policy[NSMUX_A_LOOKUP_DEVICE_NAME + 1] = {
	[NSMUX_A_LOOKUP_NETNS] = NLA_POLICY_NESTED(nsmux_netns_nl_policy),
	[NSMUX_A_LOOKUP_TABLE] = NLA_POLICY_MAX(NLA_U32, 10),
	[NSMUX_A_LOOKUP_LOCAL_ADDRESS] = NLA_POLICY_MAX_LEN(16),
	[NSMUX_A_LOOKUP_LOCAL_PORT] = NLA_POLICY_MIN(NLA_BE16, 1),
	[NSMUX_A_LOOKUP_REMOTE_ADDRESS] = NLA_POLICY_MAX_LEN(16),
	[NSMUX_A_LOOKUP_REMOTE_PORT] = { .type = NLA_BE16, },
	[NSMUX_A_LOOKUP_DEVICE] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_SLAVE] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_NAME] = NLA_POLICY_MAX_LEN(108),
	[NSMUX_A_LOOKUP_PROTOCOL] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_LOOKUP_PORT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_LOOKUP_LOCAL_CID] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_LOCAL_VSOCK_PORT] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_REMOTE_CID] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_REMOTE_VSOCK_PORT] = { .type = NLA_U32, },
	[NSMUX_A_LOOKUP_NUMBER] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_LOOKUP_PIDNS] = NLA_POLICY_MIN(NLA_U32, 1),
	[NSMUX_A_LOOKUP_DEVICE_NAME] = NLA_POLICY_MAX_LEN(16),
};

/* NSMUX_CMD_NAMESPACE_GET - do */
static const struct nla_policy nsmux_namespace_get_nl_policy[NSMUX_A_NAMESPACE_NETNS + 1] = {
	[NSMUX_A_NAMESPACE_NETNS] = NLA_POLICY_NESTED(nsmux_netns_nl_policy),
};

/* NSMUX_CMD_MODE_SET - do */
static const struct nla_policy nsmux_mode_set_nl_policy[NSMUX_A_NAMESPACE_MODE + 1] = {
	[NSMUX_A_NAMESPACE_NETNS] = NLA_POLICY_NESTED(nsmux_netns_nl_policy),
	[NSMUX_A_NAMESPACE_MODE] = NLA_POLICY_MAX(NLA_U32, 3),
};

/* NSMUX_CMD_COUNTERS_RESET - do */
static const struct nla_policy nsmux_counters_reset_nl_policy[NSMUX_A_NAMESPACE_NETNS + 1] = {
	[NSMUX_A_NAMESPACE_NETNS] = NLA_POLICY_NESTED(nsmux_netns_nl_policy),
};

/* NSMUX_CMD_SOCKET_GET - do */
static const struct nla_policy nsmux_socket_get_do_nl_policy[NSMUX_A_LOOKUP_COOKIE + 1] = {
	[NSMUX_A_LOOKUP_NETNS] = NLA_POLICY_NESTED(nsmux_netns_nl_policy),
	[NSMUX_A_LOOKUP_COOKIE] = NLA_POLICY_MIN(NLA_UINT, 1),
};

/* NSMUX_CMD_SOCKET_GET - dump */
static const struct nla_policy nsmux_socket_get_dump_nl_policy[NSMUX_A_LOOKUP_COOKIE + 1] = {
	[NSMUX_A_LOOKUP_NETNS] = NLA_POLICY_NESTED(nsmux_netns_nl_policy),
	[NSMUX_A_LOOKUP_COOKIE] = NLA_POLICY_MIN(NLA_UINT, 1),
};

/* Ops table for nsmux */
static const struct genl_split_ops nsmux_nl_ops[] = {
	{
		.cmd		= NSMUX_CMD_LOOKUP,
		.doit		= nsmux_nl_lookup_doit,
		.policy		= nsmux_lookup_do_nl_policy,
		.maxattr	= NSMUX_A_LOOKUP_DEVICE_NAME,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= NSMUX_CMD_LOOKUP,
		.dumpit		= nsmux_nl_lookup_dumpit,
		.done		= nsmux_nl_dump_done,
		.policy		= nsmux_lookup_dump_nl_policy,
		.maxattr	= NSMUX_A_LOOKUP_DEVICE_NAME,
		.flags		= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= NSMUX_CMD_NAMESPACE_GET,
		.doit		= nsmux_nl_namespace_get_doit,
		.policy		= nsmux_namespace_get_nl_policy,
		.maxattr	= NSMUX_A_NAMESPACE_NETNS,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd	= NSMUX_CMD_NAMESPACE_GET,
		.dumpit	= nsmux_nl_namespace_get_dumpit,
		.done	= nsmux_nl_dump_done,
		.flags	= GENL_CMD_CAP_DUMP,
	},
	{
		.cmd		= NSMUX_CMD_MODE_SET,
		.doit		= nsmux_nl_mode_set_doit,
		.policy		= nsmux_mode_set_nl_policy,
		.maxattr	= NSMUX_A_NAMESPACE_MODE,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= NSMUX_CMD_COUNTERS_RESET,
		.doit		= nsmux_nl_counters_reset_doit,
		.policy		= nsmux_counters_reset_nl_policy,
		.maxattr	= NSMUX_A_NAMESPACE_NETNS,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= NSMUX_CMD_SOCKET_GET,
		.doit		= nsmux_nl_socket_get_doit,
		.policy		= nsmux_socket_get_do_nl_policy,
		.maxattr	= NSMUX_A_LOOKUP_COOKIE,
		.flags		= GENL_CMD_CAP_DO,
	},
	{
		.cmd		= NSMUX_CMD_SOCKET_GET,
		.dumpit		= nsmux_nl_socket_get_dumpit,
		.done		= nsmux_nl_dump_done,
		.policy		= nsmux_socket_get_dump_nl_policy,
		.maxattr	= NSMUX_A_LOOKUP_COOKIE,
		.flags		= GENL_CMD_CAP_DUMP,
	},
};

static const struct genl_multicast_group nsmux_nl_mcgrps[] = {
	[NSMUX_NLGRP_MISS] = { "miss", },
	[NSMUX_NLGRP_NAMESPACE] = { "namespace", },
};

struct genl_family nsmux_nl_family __ro_after_init = {
	.name		= NSMUX_FAMILY_NAME,
	.version	= NSMUX_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.split_ops	= nsmux_nl_ops,
	.n_split_ops	= ARRAY_SIZE(nsmux_nl_ops),
	.mcgrps		= nsmux_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(nsmux_nl_mcgrps),
};
