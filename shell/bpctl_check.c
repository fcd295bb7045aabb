// SPDX-License-Identifier: GPL-2.0-or-later
/* What is wrong with an installation, in words for somebody who is new to it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "bpctl.h"
#include "bpctl_probe.h"
#include "config.h"
#include "json.h"
#include "tls.h"
#include "usage.h"

/* More than any sane cluster has: files' times, make(1) and logs suffer. */
#define SKEW_MAX 2.0

static const char usage[] =
	"Usage: bpctl check [-j|--json]\n"
	"Looks at the installation on this machine, and says what is wrong and what to do.\n";

/* --- telling --- */

enum result { FINE, NOTE, WRONG };

static struct {
	bool json, any;
	int wrong;
} out;

__attribute__((format(printf, 3, 4))) static void tell(enum result r, const char *what,
						       const char *format, ...)
{
	static const char *const words[] = { "ok", "note", "WRONG" };
	static const char *const members[] = { "ok", "note", "wrong" };
	char text[700];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	out.wrong += r == WRONG;
	if (!out.json) {
		printf("%-6s %s: %s\n", words[r], what, text);
		return;
	}
	printf("%s\n  {", out.any ? "," : "");
	out.any = true;
	json_member("about", what);
	printf(", ");
	json_member("result", members[r]);
	printf(", ");
	json_member("text", text);
	putchar('}');
}

/* udev looks groups up when it reads its rules; nodes get theirs when they are added. */
#define UDEV_AGAIN "udevadm control --reload; udevadm trigger --action=add -s bproc"

/* --- the kernel and the driver --- */

static void check_kernel(void)
{
	static const struct {
		const char *option, *why;
		enum result without;
	} needed[] = {
		/* as in Kconfig */
		{ "CONFIG_MODULES", "to load the driver", WRONG },
		{ "CONFIG_PID_NS", "for the processes of a node", WRONG },
		{ "CONFIG_CHECKPOINT_RESTORE", "to make processes of images", WRONG },
		{ "CONFIG_KPROBES", "to find the kernel's functions", WRONG },
		{ "CONFIG_KALLSYMS_ALL", "to find the kernel's variables", WRONG },
		{ "CONFIG_TRACEPOINTS", "to see forks and ends of processes", WRONG },
		{ "CONFIG_DEVTMPFS", "for the device files", WRONG },
		{ "CONFIG_DYNAMIC_FTRACE_WITH_REGS", "for numbers of processes on nodes", WRONG },
		{ "CONFIG_DYNAMIC_FTRACE_WITH_ARGS", "for numbers of processes on nodes", WRONG },
		{ "CONFIG_BINFMT_ELF", "for what restored processes are", WRONG },
		{ "CONFIG_IA32_EMULATION", "for what 32-bit programs use", WRONG },
		{ "CONFIG_RSEQ", "for processes that use rseq(2)", WRONG },
		{ "CONFIG_ADVISE_SYSCALLS", "for mappings with madvise(2)", WRONG },
		/* and beside that */
		{ "CONFIG_TLS", "to encrypt in the kernel; without it the daemons do it, slower",
		  NOTE },
	};
	const char *lockdown = probe_line("/sys/kernel/security/lockdown");
	struct utsname u;
	unsigned int i;
	bool good = true;

	uname(&u);
	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!probe_kernel_config(needed[i].option)) {
			tell(needed[i].without, "kernel", "%s was built without %s, needed %s",
			     u.release, needed[i].option, needed[i].why);
			good = false;
		}
	if (lockdown && !strstr(lockdown, "[none]")) {
		tell(NOTE, "kernel",
		     "it is locked down (%s): only signed modules can be loaded, see mokutil(1)",
		     lockdown);
		good = false;
	}
	if (good)
		tell(FINE, "kernel", "%s has what the driver needs%s", u.release,
		     probe_kernel_config("CONFIG_PID_NS") < 0 ? ", as far as one can see" : "");
}

/* Returns whether the driver can be talked to. */
static bool check_driver(void)
{
	struct bproc_version_t version;
	const char *loaded;
	struct utsname u;

	uname(&u);
	if (access("/sys/module/bproc", F_OK)) {
		if (probe_module_file("bproc"))
			tell(WRONG, "driver", "the module is there but not loaded: modprobe bproc");
		else
			tell(WRONG, "driver",
			     "there is no module bproc for kernel %s: install its headers, then "
			     "the package bproc-dkms, or make && make modules_install && depmod",
			     u.release);
		return false;
	}
	if (access("/dev/bproc", F_OK)) {
		tell(WRONG, "driver", "the module is loaded, but /dev/bproc is not there: is "
				      "devtmpfs mounted on /dev?");
		return false;
	}
	if (bproc_version(&version)) {
		if (errno != EACCES && errno != EPERM)
			tell(WRONG, "driver", "it does not answer: %s", bproc_strerror(errno));
		return false;
	}
	loaded = version.version_string;
	if (strcmp(loaded, VERSION))
		tell(WRONG, "driver",
		     "version %s is loaded, these tools are %s: unload the old module "
		     "(rmmod bproc) or restart the machine",
		     loaded, VERSION);
	else
		tell(FINE, "driver", "version %s", loaded);
	return true;
}

static const char *owner_text(const struct stat *st, char *buf, size_t size)
{
	const struct group *gr = getgrgid(st->st_gid);

	if (gr)
		snprintf(buf, size, "%u:%s", st->st_uid, gr->gr_name);
	else
		snprintf(buf, size, "%u:%u", st->st_uid, st->st_gid);
	return buf;
}

static void check_private_device(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		tell(WRONG, "devices", "%s: %s", path, strerror(errno));
	else if (!S_ISCHR(st.st_mode))
		tell(WRONG, "devices", "%s is not a device: remove it and load the module anew",
		     path);
	else if ((st.st_mode & 077) || st.st_uid)
		tell(WRONG, "devices", "%s has mode %03o: others than root can act as the cluster's "
				       "daemon; see bproc-udev(7)",
		     path, st.st_mode & 0777);
}

static bool in_group(gid_t gid)
{
	gid_t list[1024];
	int i, n = getgroups(1024, list);

	for (i = 0; i < n; i++)
		if (list[i] == gid)
			return true;
	return getegid() == gid;
}

static void check_devices(void)
{
	const struct group *gr = getgrnam("bproc");
	char owner[64];
	struct stat st;

	if (!gr)
		tell(WRONG, "group",
		     "there is no group bproc: systemd-sysusers; " UDEV_AGAIN);
	if (stat("/dev/bproc", &st))
		return;
	if (!access("/dev/bproc", R_OK | W_OK))
		tell(FINE, "devices", "/dev/bproc (%s, %03o) is open to you",
		     owner_text(&st, owner, sizeof(owner)), st.st_mode & 0777);
	else if (gr && st.st_gid == gr->gr_gid && !in_group(gr->gr_gid))
		tell(WRONG, "devices", "you are not in the group bproc, so /dev/bproc is closed to "
				       "you: usermod -aG bproc USER, then log in anew");
	else
		tell(WRONG, "devices",
		     "/dev/bproc (%s, %03o) is closed to you: are the udev rules installed? "
		     UDEV_AGAIN,
		     owner_text(&st, owner, sizeof(owner)), st.st_mode & 0777);
	check_private_device("/dev/bproc-master");
	check_private_device("/dev/bproc-slave");
	check_private_device("/dev/bproc-iod");
}

static void check_stub(void)
{
	const char *path = probe_line("/sys/module/bproc/parameters/stub");

	if (!path || !*path)
		return;
	if (access(path, X_OK))
		tell(WRONG, "ghosts", "%s, which ghosts run, cannot be executed: %s", path,
		     strerror(errno));
	else
		tell(FINE, "ghosts", "%s is there", path);
}

/* --- the configuration --- */

static struct config *check_config(bool node)
{
	static const char *const paths[] = { "/etc/bproc/config", "/etc/beowulf/config" };
	const char *path = access(paths[0], F_OK) && !access(paths[1], F_OK) ? paths[1] :
									       paths[0];
	struct config *c;
	char error[512];

	if (node) {
		tell(FINE, "configuration", "the master has it: this machine is a node");
		return NULL;
	}
	if (access(path, F_OK)) {
		tell(WRONG, "configuration",
		     "%s is not there: it needs a line as \"iprange 0 10.0.0.10 10.0.0.17\", see "
		     "bproc.conf(5)",
		     path);
		return NULL;
	}
	if (access(path, R_OK)) {
		tell(NOTE, "configuration", "%s can be read by root alone: run this as root", path);
		return NULL;
	}
	c = config_read(path, error, sizeof(error));
	if (!c)
		tell(WRONG, "configuration", "%s", error);
	else if (!c->nodes)
		tell(WRONG, "configuration", "%s names no node: add a line \"iprange\"", path);
	else
		tell(FINE, "configuration", "%s: %u node%s, port %u%s", path, c->nodes,
		     c->nodes == 1 ? "" : "s", c->port,
		     c->encryption ? "" : ", streams are not encrypted");
	return c;
}

static void check_key(const char *path)
{
	struct stat st;

	if (stat(path, &st)) {
		if (errno == EACCES)
			tell(NOTE, "key", "%s can be seen by root alone: run this as root", path);
		else
			tell(WRONG, "key",
			     "%s: %s. Make one: bproc-key generate %s; or take the "
			     "cluster's: bproc-key install %s",
			     path, strerror(errno), path, path);
		return;
	}
	if (!S_ISREG(st.st_mode))
		tell(WRONG, "key", "%s is not a file", path);
	else if (st.st_mode & 077)
		tell(WRONG, "key", "%s has mode %03o, others can read it: chmod 600 %s", path,
		     st.st_mode & 0777, path);
	else if (st.st_uid)
		tell(WRONG, "key", "%s belongs to user %u: chown root %s", path, st.st_uid, path);
	else if (st.st_size < TLS_KEY_MIN || st.st_size > TLS_KEY_MAX)
		tell(WRONG, "key", "%s has %lld bytes: %d to %d are needed", path,
		     (long long)st.st_size, TLS_KEY_MIN, TLS_KEY_MAX);
	else
		tell(FINE, "key", "%s is there, and root's alone", path);
}

/* --- the daemons --- */

static bool is_node(void)
{
	return !probe_runs("bpmaster") && probe_runs("bpslave");
}

/* Returns whether this machine is the master, and works. */
static bool check_daemons(const struct config *c, bool node)
{
	unsigned int port = c ? c->port : 2223;

	if (node) {
		tell(FINE, "daemons", "bpslave runs: this machine is a node");
		return false;
	}
	if (!probe_runs("bpmaster")) {
		tell(WRONG, "daemons",
		     "bpmaster does not run: systemctl start bpmaster; why it ended says "
		     "journalctl -u bpmaster (a node: systemctl start bpslave@MASTER)");
		return false;
	}
	if (probe_listens(port))
		tell(FINE, "daemons", "bpmaster runs and listens on port %u", port);
	else
		tell(WRONG, "daemons",
		     "bpmaster runs, but nobody listens on port %u of the configuration: was it "
		     "changed? systemctl reload bpmaster",
		     port);
	if (!probe_runs("bpiod"))
		tell(WRONG, "daemons", "bpiod does not run: remote programs have no input and "
				       "output; systemctl restart bpmaster");
	return true;
}

/* --- the nodes --- */

static void check_clocks(const struct bproc_node_set_t *set)
{
	int *node = calloc((size_t)set->size + 1, sizeof(*node));
	struct probe_clock *clock = calloc((size_t)set->size + 1, sizeof(*clock));
	int i, n = 0, wrong = 0, silent = 0;

	for (i = 0; node && clock && i < set->size; i++)
		if (!strcmp(set->node[i].status, "up") &&
		    !bproc_access(set->node[i].node, BPROC_X_OK))
			node[n++] = set->node[i].node;
	if (n) {
		probe_clocks(node, n, clock);
		for (i = 0; i < n; i++) {
			silent += !clock[i].answered;
			if (!clock[i].answered) {
				tell(WRONG, "nodes", "node %d is up, but a program does not run "
						     "there",
				     node[i]);
			} else if (clock[i].ahead > SKEW_MAX || clock[i].ahead < -SKEW_MAX) {
				tell(WRONG, "clocks",
				     "node %d is %.1f s %s: have all machines run chrony or the "
				     "like",
				     node[i],
				     clock[i].ahead < 0 ? -clock[i].ahead : clock[i].ahead,
				     clock[i].ahead < 0 ? "behind" : "ahead");
				wrong++;
			}
		}
		if (!wrong && silent < n)
			tell(FINE, "clocks", "%d node%s within %.0f s of this machine", n - silent,
			     n - silent == 1 ? " is" : "s are", SKEW_MAX);
	}
	free(node);
	free(clock);
}

static void check_nodes(void)
{
	struct bproc_node_set_t set = BPROC_EMPTY_NODESET;
	int i, up = 0, mine = 0;

	if (bproc_nodelist(&set) < 0) {
		tell(WRONG, "nodes", "the driver says: %s", bproc_strerror(errno));
		return;
	}
	for (i = 0; i < set.size; i++) {
		const struct bproc_node_info_t *n = &set.node[i];
		char path[32];

		snprintf(path, sizeof(path), "/dev/bpnode%d", n->node);
		if (access(path, F_OK))
			tell(WRONG, "nodes", "%s is not there", path);
		if (!strcmp(n->status, "error"))
			tell(WRONG, "nodes", "node %d: the script node_up failed, see the log of "
					     "bpmaster",
			     n->node);
		up += !strcmp(n->status, "up");
		mine += !strcmp(n->status, "up") && !bproc_access(n->node, BPROC_X_OK);
	}
	if (!up)
		tell(WRONG, "nodes",
		     "none of %d is up. On a node: does bpslave run, with this machine's address? "
		     "Is the key the same? Does a firewall let the port through? journalctl -u "
		     "'bpslave@*'",
		     set.size);
	else if (!mine)
		tell(WRONG, "nodes", "%d of %d are up, but you may run on none: see the modes of "
				     "/dev/bpnode*",
		     up, set.size);
	else
		tell(up < set.size ? NOTE : FINE, "nodes", "%d of %d %s up, you may run on %d", up,
		     set.size, set.size == 1 ? "is" : "are", mine);
	check_clocks(&set);
	bproc_nodeset_free(&set);
}

int bpctl_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct config *config;
	bool talks, node = is_node();
	int c;

	begin_output();
	out.json = out.any = false;
	out.wrong = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, "jh", options, NULL)) != -1)
		switch (c) {
		case 'j':
			out.json = true;
			break;
		default:
			return common_option(c, "bpctl " VERSION, usage);
		}
	if (optind < argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (out.json)
		putchar('[');
	check_kernel();
	talks = check_driver();
	check_devices();
	check_stub();
	config = check_config(node);
	check_key(config ? config->keyfile : "/etc/bproc/key");
	if (check_daemons(config, node) && talks)
		check_nodes();
	if (config)
		config_free(config);
	if (out.json)
		puts("\n]");
	else
		printf("\n%s\n", out.wrong ? "Something is wrong." : "All is well.");
	return output_lost() || out.wrong ? 1 : 0;
}
