// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/bproc.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bpckpt.h"
#include "json.h"
#include "printable.h"
#include "usage.h"

extern char **environ;

static const char usage[] =
	"Usage: bpckpt dump [options] PID FILE\n"
	"       bpckpt exec [options] FILE PROGRAM [ARGUMENT...]\n"
	"       bpckpt restore FILE\n"
	"       bpckpt info [options] FILE...\n"
	"Processes as files.\n"
	"\n"
	"  dump             writes the image of a process of this machine, which goes on\n"
	"  exec             starts a program and writes its image before its first\n"
	"                   instruction\n"
	"  restore          becomes the process in FILE (\"-\": standard input)\n"
	"  info             shows what is in an image, and whether this machine can take it\n"
	"\n"
	"  -a, --all        the image needs no file: libraries are in it, too\n"
	"  -e, --no-exec    the program itself is not in it\n"
	"  -f, --force      dump: also without open files, timers or shared memory\n"
	"  -k, --kill       dump: the process ends when it is in the file\n"
	"  -m, --maps       info: each mapping\n"
	"  -j, --json       info: in JSON, for programs\n"
	"  -h, --help       this text\n"
	"  -V, --version    version\n";

static const struct option long_options[] = {
	{ "all", no_argument, NULL, 'a' },     { "no-exec", no_argument, NULL, 'e' },
	{ "force", no_argument, NULL, 'f' },   { "kill", no_argument, NULL, 'k' },
	{ "maps", no_argument, NULL, 'm' },    { "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },    { "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

struct options {
	bool all, no_exec, force, kill, maps, json;
};

static int complain(const char *what, const char *why)
{
	print_line(stderr, "bpckpt: %s: %s", what, why);
	return 1;
}

static int dump_flags(const struct options *o)
{
	if (o->all)
		return BPROC_DUMP_ALL;
	return o->no_exec ? 0 : BPROC_DUMP_EXEC | BPROC_DUMP_OTHER;
}

/* --- writing --- */

/* Under another name until it is complete; it can be executed, and is nobody else's. */
static int open_new(const char *name, char **temporary)
{
	int fd;

	if (!strcmp(name, "-")) {
		*temporary = NULL;
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	}
	if (asprintf(temporary, "%s.XXXXXX", name) < 0) {
		*temporary = NULL;
		return -1;
	}
	fd = mkostemp(*temporary, O_CLOEXEC);
	if (fd >= 0)
		fchmod(fd, 0700);
	return fd;
}

static int close_new(int fd, const char *name, char *temporary, bool good)
{
	int ret = good ? 0 : 1;

	if (close(fd) && good)
		ret = complain(name, strerror(errno));
	if (temporary && !ret && rename(temporary, name))
		ret = complain(name, strerror(errno));
	if (temporary && ret)
		unlink(temporary);
	free(temporary);
	return ret;
}

static int dump(const struct options *o, const char *text, const char *name)
{
	int fd, ret, why = 0, pid;
	char *temporary, *end;
	bool good;

	pid = (int)strtol(text, &end, 10);
	if (*end || end == text || pid <= 0) {
		complain(text, "not a process's number");
		return EXIT_USAGE;
	}
	fd = open_new(name, &temporary);
	if (fd < 0) {
		free(temporary);
		return complain(name, strerror(errno));
	}
	good = !bproc_dumpproc(pid, fd, dump_flags(o) | (o->force ? BPROC_MIGRATE_FORCE : 0),
			       &why);
	if (!good)
		complain(text, errno == EREMOTE     ? "it is on a node; bpmove it to the master" :
			       *bproc_whystr(why) ? bproc_whystr(why) :
						      bproc_strerror(errno));
	ret = close_new(fd, name, temporary, good);
	if (!ret && o->kill && kill(pid, SIGKILL))
		ret = complain(text, strerror(errno));
	return ret;
}

static char *find_program(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char *full;

	if (strchr(name, '/'))
		return strdup(name);
	for (path = path ? path : "/bin:/usr/bin"; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, ':');
		if (asprintf(&full, "%.*s/%s", (int)(end - path), path, name) < 0)
			return NULL;
		if (!access(full, X_OK))
			return full;
		free(full);
	}
	errno = ENOENT;
	return NULL;
}

static int execdump(const struct options *o, const char *name, char **argv)
{
	char *program = find_program(argv[0]), *temporary;
	int fd, status;
	pid_t pid;

	if (!program)
		return complain(argv[0], strerror(errno));
	fd = open_new(name, &temporary);
	if (fd < 0) {
		free(program);
		free(temporary);
		return complain(name, strerror(errno));
	}
	pid = fork();
	if (!pid) {
		bproc_execdump(fd, dump_flags(o), program, argv, environ);
		_exit(errno < 256 ? errno : 255);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0)
		complain(argv[0], strerror(errno));
	else if (status)
		complain(argv[0], WIFEXITED(status) ? strerror(WEXITSTATUS(status)) :
						      "it was killed");
	free(program);
	return close_new(fd, name, temporary, pid > 0 && !status);
}

static int restore(const char *name)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) :
				     fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return complain(name, strerror(errno));
	bproc_undump(fd);
	return complain(name, errno == EINVAL	  ? "not an image of a process, or damaged" :
			      errno == EOPNOTSUPP ? "this machine cannot take it; see bpckpt info" :
						    bproc_strerror(errno));
}

/* --- info --- */

/* What an image needs and this machine has not; each a line, ended by the driver's word. */
struct problems {
	char **line;
	int n;
};

static void problem(struct problems *p, const char *what, const char *why)
{
	char **more = realloc(p->line, ((size_t)p->n + 1) * sizeof(*more));

	if (!more)
		return;
	p->line = more;
	if (asprintf(&more[p->n], "%s%s", what, why) >= 0)
		p->n++;
}

static void find_problems(const struct bpckpt_image *im, int fd, struct problems *p)
{
	char *missing = bpckpt_missing_features(im);
	int err = 0;
	size_t i;

	if (missing && *missing)
		problem(p, "the processor lacks", missing);
	free(missing);
	for (i = 0; i < im->nfiles; i++) {
		const char *why = bpckpt_uses(im, i) ? bpckpt_file_problem(im, i) : NULL;
		char *line;

		if (why && asprintf(&line, "%s: ", im->names[i]) >= 0) {
			problem(p, line, why);
			free(line);
		}
	}
	if (lseek(fd, 0, SEEK_SET) < 0 || bproc_undump_check(fd))
		err = errno;
	/* The driver sees more: limits, memory, other kernels. */
	if (err == ENOSYS || err == EACCES)
		return;
	if (err && !p->n)
		problem(p, "the driver says: ", bproc_strerror(err));
}

static const char *map_name(const struct bpckpt_image *im, const struct vmad_map *m)
{
	if (m->file != VMAD_NO_FILE && m->file < im->nfiles)
		return im->names[m->file];
	if (m->flags & VMAD_MAP_VDSO)
		return "[vdso]";
	if (m->start <= im->task.brk && m->end > im->task.start_brk &&
	    im->task.brk > im->task.start_brk)
		return "[heap]";
	if ((m->flags & VMAD_MAP_GROWSDOWN) ||
	    (m->start <= im->task.start_stack && m->end > im->task.start_stack))
		return "[stack]";
	return "";
}

static const char *exe(const struct bpckpt_image *im)
{
	return im->task.exe < im->nfiles ? im->names[im->task.exe] : "";
}

static unsigned long long total(const struct bpckpt_image *im, bool stored)
{
	unsigned long long sum = 0;
	size_t i;

	for (i = 0; i < im->nmaps; i++)
		sum += stored ? im->maps[i].stored :
				im->maps[i].map.end - im->maps[i].map.start;
	return sum;
}

static const char *state(const struct bpckpt_image *im)
{
	if (!im->resumes)
		return "asked for it, or has not begun";
	return im->resume.call == -1 ? "running" : "in a system call";
}

static void print_text(const struct bpckpt_image *im, const struct problems *p, bool maps)
{
	size_t i;
	int n;

	print_line(stdout, "program:  %s (%.16s), %d bits", exe(im), im->task.comm,
		   im->is32 ? 32 : 64);
	print_line(stdout, "command:  %s", im->args);
	printf("process:  %d, %s\n", im->pid, state(im));
	print_line(stdout, "kernel:   %.65s %.65s", im->image.release, im->image.version);
	printf("memory:   %llu KiB in %zu mappings, %llu KiB of it stored\n",
	       total(im, false) / 1024, im->nmaps, total(im, true) / 1024);
	printf("image:    %llu bytes\n", (unsigned long long)im->image.length);
	for (i = 0; i < im->nfiles; i++)
		if (bpckpt_uses(im, i))
			print_line(stdout, "needs:    %s", im->names[i]);
	if (maps)
		printf("\n%33s %10s %10s\n", "MAPPING", "SIZE(KiB)", "STORED");
	for (i = 0; maps && i < im->nmaps; i++) {
		const struct vmad_map *m = &im->maps[i].map;

		print_line(stdout, "%016llx-%016llx %10llu %10llu %c%c%c %s", m->start, m->end,
			   (m->end - m->start) / 1024, im->maps[i].stored / 1024,
			   m->flags & VMAD_MAP_READ ? 'r' : '-',
			   m->flags & VMAD_MAP_WRITE ? 'w' : '-',
			   m->flags & VMAD_MAP_EXEC ? 'x' : '-', map_name(im, m));
	}
	printf("%shere:     %s\n", maps ? "\n" : "", p->n ? "cannot be restored" : "can be restored");
	for (n = 0; n < p->n; n++)
		print_line(stdout, "          %s", p->line[n]);
}

static void print_json(const struct bpckpt_image *im, const struct problems *p, const char *name)
{
	size_t i;
	int n;

	printf("\n  {");
	json_member("file", name);
	printf(", ");
	json_member("program", exe(im));
	printf(", ");
	json_member("command", im->args);
	printf(", \"bits\": %d, \"pid\": %d, ", im->is32 ? 32 : 64, im->pid);
	json_member("kernel", im->image.release);
	printf(", \"length\": %llu, \"memory\": %llu, \"stored\": %llu,\n   \"maps\": [",
	       (unsigned long long)im->image.length, total(im, false), total(im, true));
	for (i = 0; i < im->nmaps; i++) {
		printf("%s{\"start\": %llu, \"end\": %llu, \"stored\": %llu, ", i ? ",\n    " : "",
		       im->maps[i].map.start, im->maps[i].map.end, im->maps[i].stored);
		json_member("name", map_name(im, &im->maps[i].map));
		putchar('}');
	}
	printf("],\n   \"restorable\": %s, \"problems\": [", p->n ? "false" : "true");
	for (n = 0; n < p->n; n++) {
		if (n)
			printf(", ");
		json_string(p->line[n]);
	}
	printf("]}");
}

static int info_one(const struct options *o, const char *name, bool first)
{
	struct problems p = { NULL, 0 };
	int fd = open(name, O_RDONLY | O_CLOEXEC), ret;
	struct bpckpt_image im;
	const char *wrong;

	if (fd < 0)
		return complain(name, strerror(errno));
	wrong = bpckpt_read(fd, &im);
	if (wrong) {
		close(fd);
		return complain(name, wrong);
	}
	find_problems(&im, fd, &p);
	close(fd);
	if (o->json && !first)
		putchar(',');
	if (o->json)
		print_json(&im, &p, name);
	else
		print_text(&im, &p, o->maps);
	bpckpt_free(&im);
	ret = p.n ? 1 : 0;
	while (p.n)
		free(p.line[--p.n]);
	free(p.line);
	return ret;
}

static int info(const struct options *o, int n, char **names)
{
	int i, ret = 0;

	if (o->json)
		putchar('[');
	for (i = 0; i < n; i++) {
		if (n > 1 && !o->json)
			printf("%s%s:\n", i ? "\n" : "", names[i]);
		ret |= info_one(o, names[i], !i);
	}
	if (o->json)
		puts("\n]");
	return fflush(stdout) ? 1 : ret;
}

/* --- the command --- */

int bpckpt_command(int argc, char **argv)
{
	struct options o = { false, false, false, false, false, false };
	const char *what;
	int c;

	optind = 0;
	/* Options come behind the first word, and before a program that has its own. */
	while ((c = getopt_long(argc > 1 && *argv[1] != '-' ? argc - 1 : argc,
				argc > 1 && *argv[1] != '-' ? argv + 1 : argv, "+aefkmjhV",
				long_options, NULL)) != -1)
		switch (c) {
		case 'a':
			o.all = true;
			break;
		case 'e':
			o.no_exec = true;
			break;
		case 'f':
			o.force = true;
			break;
		case 'k':
			o.kill = true;
			break;
		case 'm':
			o.maps = true;
			break;
		case 'j':
			o.json = true;
			break;
		default:
			return common_option(c, "bpckpt " VERSION, usage);
		}
	if (argc < 2 || *argv[1] == '-')
		goto wrong;
	what = argv[1];
	argc -= optind + 1;
	argv += optind + 1;
	if (!strcmp(what, "dump") && argc == 2)
		return dump(&o, argv[0], argv[1]);
	if (!strcmp(what, "exec") && argc > 1)
		return execdump(&o, argv[0], argv + 1);
	if (!strcmp(what, "restore") && argc == 1)
		return restore(argv[0]);
	if (!strcmp(what, "info") && argc > 0)
		return info(&o, argc, argv);
wrong:
	fputs(usage, stderr);
	return EXIT_USAGE;
}
