// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bpstat.h"
#include "nodeset.h"
#include "ranges.h"
#include "usage.h"

/* --- what udev knows --- */

static const char *attribute(struct udev_device *dev, const char *name)
{
	const char *value = udev_device_get_sysattr_value(dev, name);

	return value ? value : "";
}

static bool is_node(struct udev_device *dev)
{
	return !strncmp(udev_device_get_sysname(dev), "bpnode", 6);
}

/* The mode says who may write; ours, as the original's, who may execute. */
static void get_permissions(struct udev_device *dev, struct bproc_node_info_t *info)
{
	const char *path = udev_device_get_devnode(dev);
	struct bproc_node_info_t known;
	struct stat st;

	if (path && !stat(path, &st)) {
		info->mode = (st.st_mode & 0222) >> 1;
		info->user = st.st_uid;
		info->group = st.st_gid;
	} else if (!bproc_nodeinfo(info->node, &known)) {
		/* a file system without devices; the driver has its own */
		info->mode = known.mode;
		info->user = known.user;
		info->group = known.group;
	}
}

static void get_node(struct udev_device *dev, struct bproc_node_info_t *info)
{
	/* What an event was about may have changed once more. */
	const char *state = udev_device_get_property_value(dev, "BPROC_STATE");
	struct sockaddr_in *in = (struct sockaddr_in *)&info->addr;

	memset(info, 0, sizeof(*info));
	info->node = atoi(udev_device_get_sysname(dev) + 6);
	snprintf(info->status, sizeof(info->status), "%s",
		 state ? state : attribute(dev, "state"));
	if (inet_pton(AF_INET, attribute(dev, "addr"), &in->sin_addr) == 1)
		in->sin_family = AF_INET;
	get_permissions(dev, info);
}

static int enumerate(struct udev *udev, struct bproc_node_set_t *set)
{
	struct udev_enumerate *e = udev_enumerate_new(udev);
	struct udev_list_entry *entry;
	struct bproc_node_info_t info;
	int ret = -1;

	if (!e || udev_enumerate_add_match_subsystem(e, "bproc") < 0 ||
	    udev_enumerate_scan_devices(e) < 0)
		goto out;
	ret = 0;
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(e))
	{
		struct udev_device *dev = udev_device_new_from_syspath(
			udev, udev_list_entry_get_name(entry));

		/* it may be gone already */
		if (!dev)
			continue;
		if (is_node(dev)) {
			get_node(dev, &info);
			/* Properties are those of the last event, or of none. */
			snprintf(info.status, sizeof(info.status), "%s",
				 attribute(dev, "state"));
			if (bproc_nodeset_add(set, &info))
				ret = -1;
		}
		udev_device_unref(dev);
	}
out:
	udev_enumerate_unref(e);
	return ret;
}

/* --- sets --- */

static int by_number(const void *a, const void *b)
{
	const struct bproc_node_info_t *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

static int by_state(const void *a, const void *b)
{
	const struct bproc_node_info_t *x = a, *y = b;
	int cmp = strcmp(x->status, y->status);

	return cmp ? cmp : by_number(a, b);
}

static void reverse(struct bproc_node_set_t *set)
{
	struct bproc_node_info_t tmp;
	int i;

	for (i = 0; i < set->size / 2; i++) {
		tmp = set->node[i];
		set->node[i] = set->node[set->size - 1 - i];
		set->node[set->size - 1 - i] = tmp;
	}
}

int bpstat_all_nodes(struct bproc_node_set_t *set)
{
	struct udev *udev = udev_new();
	int ret = udev ? enumerate(udev, set) : -1;

	udev_unref(udev);
	if (!ret && set->size) {
		/* in udev's list 10 comes before 2 */
		qsort(set->node, (size_t)set->size, sizeof(*set->node), by_number);
		return 0;
	}
	/* Without a node: is there a cluster at all? */
	ret = bproc_nodelist(set);
	if (ret < 0)
		fprintf(stderr, "bpstat: %s\n", bproc_strerror(errno));
	return ret < 0 ? -1 : 0;
}

/* @set: those of @all that the options' lists name, in their order; an exit status. */
static int select_nodes(const struct bpstat_options *o,
			const struct bproc_node_set_t *all, struct bproc_node_set_t *set)
{
	struct bproc_node_set_t part;
	int i, ret = 0;

	if (!o->specs)
		return bproc_nodeset_append(set, all) ? 1 : 0;
	for (i = 0; !ret && i < o->specs; i++) {
		if (bproc_nodefilter(&part, all, o->spec[i]) < 0)
			return nodespec_failed("bpstat", o->spec[i]);
		/* "down" may name none, but who says a number means a node */
		if (!part.size && isdigit((unsigned char)*o->spec[i])) {
			fprintf(stderr, "bpstat: %s: no such node\n", o->spec[i]);
			return 1;
		}
		ret = bproc_nodeset_append(set, &part) ? 1 : 0;
		bproc_nodeset_free(&part);
	}
	return ret;
}

int bpstat_nodes(const struct bpstat_options *o, struct bproc_node_set_t *set)
{
	struct bproc_node_set_t all = BPROC_EMPTY_NODESET;
	enum bpstat_order order = o->order;
	int ret = bpstat_all_nodes(&all) ? 1 : 0;

	if (!ret)
		ret = select_nodes(o, &all, set);
	bproc_nodeset_free(&all);
	if (order == BY_DEFAULT)
		order = o->format == COMPACT && !o->json ? BY_STATE : BY_NUMBER;
	if (set->size && order != AS_GIVEN)
		qsort(set->node, (size_t)set->size, sizeof(*set->node),
		      order == BY_STATE ? by_state : by_number);
	if (o->reverse)
		reverse(set);
	return ret;
}

bool bpstat_is_meant(const struct bpstat_options *o, const struct bproc_node_info_t *n)
{
	const struct bproc_node_set_t one = { 1, 1, (struct bproc_node_info_t *)n };
	struct bproc_node_set_t set;
	bool meant = !o->specs;
	int i;

	for (i = 0; !meant && i < o->specs; i++)
		if (bproc_nodefilter(&set, &one, o->spec[i]) >= 0) {
			meant = nodeset_find(&set, n->node);
			bproc_nodeset_free(&set);
		}
	return meant;
}

/* --- changes --- */

/* Where udevd runs its events come when its rules have set the permissions. */
static struct udev_monitor *new_monitor(struct udev *udev)
{
	const char *source = access("/run/udev/control", F_OK) ? "kernel" : "udev";
	struct udev_monitor *m = udev_monitor_new_from_netlink(udev, source);

	if (m && udev_monitor_filter_add_match_subsystem_devtype(m, "bproc", NULL) >= 0 &&
	    udev_monitor_enable_receiving(m) >= 0)
		return m;
	udev_monitor_unref(m);
	return NULL;
}

/* Shows @n if it is news; @known: the nodes as they were shown last. */
static int show_news(const struct bpstat_options *o, struct bproc_node_set_t *known,
		     const struct bproc_node_info_t *n)
{
	int i;

	for (i = 0; i < known->size && known->node[i].node != n->node; i++)
		;
	if (i < known->size) {
		if (!strcmp(known->node[i].status, n->status))
			return 0;
		known->node[i] = *n;
	} else if (bproc_nodeset_add(known, n)) {
		return -1;
	}
	if (bpstat_is_meant(o, n))
		bpstat_print_change(o, n);
	return output_lost() ? -1 : 0;
}

/* Events were lost: how is it now? */
static int look_again(const struct bpstat_options *o, struct bproc_node_set_t *known)
{
	struct bproc_node_set_t all = BPROC_EMPTY_NODESET;
	struct bproc_node_info_t info;
	int i, ret = bpstat_all_nodes(&all);

	for (i = 0; !ret && i < known->size; i++)
		if (!nodeset_find(&all, known->node[i].node)) {
			info = known->node[i];
			strcpy(info.status, "gone");
			ret = show_news(o, known, &info);
		}
	for (i = 0; !ret && i < all.size; i++)
		ret = show_news(o, known, &all.node[i]);
	bproc_nodeset_free(&all);
	return ret;
}

static int take_events(const struct bpstat_options *o, struct bproc_node_set_t *known,
		       struct udev_monitor *m)
{
	struct bproc_node_info_t info;
	struct udev_device *dev;
	int ret = 0;

	errno = 0;
	while (!ret && (dev = udev_monitor_receive_device(m))) {
		const char *action = udev_device_get_action(dev);

		if (is_node(dev)) {
			get_node(dev, &info);
			if (action && !strcmp(action, "remove"))
				strcpy(info.status, "gone");
			ret = show_news(o, known, &info);
		}
		udev_device_unref(dev);
		errno = 0;
	}
	if (!ret && errno == ENOBUFS)
		ret = look_again(o, known);
	return ret;
}

int bpstat_watch(const struct bpstat_options *o)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET, known = BPROC_EMPTY_NODESET;
	struct udev *udev = udev_new();
	/* First this, so that no change is missed. */
	struct udev_monitor *m = udev ? new_monitor(udev) : NULL;
	struct pollfd p[2] = { { .events = POLLIN }, { .fd = STDOUT_FILENO } };
	int i, ret = 1;

	if (!m) {
		fprintf(stderr, "bpstat: no news from udev: %m\n");
		goto out;
	}
	ret = bpstat_nodes(o, &set);
	if (ret)
		goto out;
	for (i = 0; !ret && i < set.size; i++)
		ret = show_news(o, &known, &set.node[i]);
	p[0].fd = udev_monitor_get_fd(m);
	/* Whoever reads may go, too. */
	while (!ret && (poll(p, 2, -1) > 0 || errno == EINTR) &&
	       !(p[1].revents & (POLLERR | POLLHUP)))
		ret = take_events(o, &known, m);
out:
	bproc_nodeset_free(&set);
	bproc_nodeset_free(&known);
	udev_monitor_unref(m);
	udev_unref(udev);
	return ret < 0 ? 1 : ret;
}
