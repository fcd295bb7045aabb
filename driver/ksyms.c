// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookup of the kernel symbols that are not exported; see ksyms.h for the list.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include "ksyms.h"

/*
 * kallsyms_lookup_name() is not exported either, but a kprobe may be placed on it by
 * name, and tells its address.
 */
static unsigned long no_lookup(const char *name)
{
	return 0;
}
DEFINE_STATIC_CALL(bproc_ks_lookup_name, no_lookup);

#define DEFINE_FUNC(name, use, tree) DEFINE_STATIC_CALL_NULL(bproc_ks_##name, name);
BPROC_KSYM_FUNCS(DEFINE_FUNC)

#define DEFINE_DATA(type, name, other, use) type *ks_##name;
BPROC_KSYM_DATA(DEFINE_DATA)
BPROC_KSYM_OPTIONAL(DEFINE_DATA)

struct ksym_func {
	const char *name;
	const char *use;
	struct static_call_key *key;
	void *tramp;
};

struct ksym_data {
	const char *name;
	const char *other; /* spelling of other kernel versions, or NULL */
	const char *use;
	void **where;
};

#define FUNC_ENTRY(sym, what, tree)                                                         \
	{ .name = #sym,                                                                     \
	  .use = what,                                                                      \
	  .key = &STATIC_CALL_KEY(bproc_ks_##sym),                                          \
	  .tramp = STATIC_CALL_TRAMP_ADDR(bproc_ks_##sym) },
static const struct ksym_func funcs[] = { BPROC_KSYM_FUNCS(FUNC_ENTRY) };

#define DATA_ENTRY(type, sym, alt, what)                                                    \
	{ .name = #sym, .other = alt, .use = what, .where = (void **)&ks_##sym },
static const struct ksym_data data[] = { BPROC_KSYM_DATA(DATA_ENTRY) };
static const struct ksym_data optional[] = { BPROC_KSYM_OPTIONAL(DATA_ENTRY) };

static int find_lookup_name(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long address;
	int err;

	err = register_kprobe(&probe);
	if (err) {
		pr_err("cannot find kallsyms_lookup_name, the kernel needs kprobes and CONFIG_KALLSYMS (%d)\n",
		       err);
		return err;
	}
	/* The probe sits behind the function's landing pad, if it has one: jumping there is
	 * right for a direct call, and the function then tells its own proper address.
	 */
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	static_call_update(bproc_ks_lookup_name, (unsigned long (*)(const char *))address);
	return 0;
}

/**
 * bproc_ksym_address - address of a kernel symbol, exported or not
 * @name: the symbol
 *
 * For hooks, which need an address and not a call. May sleep. Only after
 * bproc_ksyms_resolve().
 *
 * Return: the address, or 0 when the kernel has no such symbol.
 */
unsigned long bproc_ksym_address(const char *name)
{
	return static_call(bproc_ks_lookup_name)(name);
}

/**
 * bproc_ksyms_resolve - find every symbol of ksyms.h
 *
 * Called once, first of all, when the module is loaded. Names each missing symbol in the
 * kernel log.
 *
 * Return: 0, -ENOENT when a symbol is missing, or why nothing could be looked up.
 */
int bproc_ksyms_resolve(void)
{
	unsigned int i, missing = 0;
	int err;

	err = find_lookup_name();
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(funcs); i++) {
		void *address = (void *)bproc_ksym_address(funcs[i].name);

		if (address) {
			__static_call_update(funcs[i].key, funcs[i].tramp, address);
		} else {
			pr_err("this kernel has no function %s (needed: %s)\n",
			       funcs[i].name, funcs[i].use);
			missing++;
		}
	}
	for (i = 0; i < ARRAY_SIZE(data); i++) {
		unsigned long address = bproc_ksym_address(data[i].name);

		if (!address && data[i].other)
			address = bproc_ksym_address(data[i].other);
		if (address) {
			*data[i].where = (void *)address;
		} else {
			pr_err("this kernel has no variable %s (needed: %s)\n",
			       data[i].name, data[i].use);
			missing++;
		}
	}
	for (i = 0; i < ARRAY_SIZE(optional); i++)
		*optional[i].where = (void *)bproc_ksym_address(optional[i].name);
	return missing ? -ENOENT : 0;
}
