// SPDX-License-Identifier: GPL-2.0-only
/*
 * Features of the processor that a program can tell, and whether an image fits.
 *
 * A program chooses its functions by processor once, when it starts. So an image fits only
 * a processor that has all features that the one it was written on had, as far as programs
 * can use them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/slab.h>
#include <asm/cpufeature.h>
#include <asm/fpu/xcr.h>
#include <asm/processor.h>
#include "image.h"

/* Words of boot_cpu_data.x86_capability in the order of struct vmad_cpu.cpuid. */
static const u8 words[8] = { 0, 4, 1, 6, 9, 16, 18, 12 };
/* Likewise of VMAD_NOTE_CPU_MORE. */
static const u8 more_words[VMAD_CPU_MORE] = { 10 };

#define FEATURE(bit, text) { X86_FEATURE_##bit, text }
static const struct {
	u16 bit;
	const char *name;
} features[] = {
	FEATURE(CX8, "cx8"),
	FEATURE(CMOV, "cmov"),
	FEATURE(MMX, "mmx"),
	FEATURE(FXSR, "fxsr"),
	FEATURE(XMM, "sse"),
	FEATURE(XMM2, "sse2"),
	FEATURE(RDTSCP, "rdtscp"),
	FEATURE(XMM3, "sse3"),
	FEATURE(PCLMULQDQ, "pclmulqdq"),
	FEATURE(SSSE3, "ssse3"),
	FEATURE(FMA, "fma"),
	FEATURE(CX16, "cx16"),
	FEATURE(XMM4_1, "sse4_1"),
	FEATURE(XMM4_2, "sse4_2"),
	FEATURE(MOVBE, "movbe"),
	FEATURE(POPCNT, "popcnt"),
	FEATURE(AES, "aes"),
	FEATURE(XSAVE, "xsave"),
	FEATURE(OSXSAVE, "osxsave"),
	FEATURE(AVX, "avx"),
	FEATURE(F16C, "f16c"),
	FEATURE(RDRAND, "rdrand"),
	FEATURE(XSAVEC, "xsavec"),
	FEATURE(LAHF_LM, "lahf_lm"),
	FEATURE(ABM, "lzcnt"),
	FEATURE(SSE4A, "sse4a"),
	FEATURE(XOP, "xop"),
	FEATURE(FMA4, "fma4"),
	FEATURE(TBM, "tbm"),
	FEATURE(3DNOW, "3dnow"),
	FEATURE(3DNOWPREFETCH, "3dnowprefetch"),
	FEATURE(FSGSBASE, "fsgsbase"),
	FEATURE(BMI1, "bmi1"),
	FEATURE(HLE, "hle"),
	FEATURE(AVX2, "avx2"),
	FEATURE(BMI2, "bmi2"),
	FEATURE(RTM, "rtm"),
	FEATURE(AVX512F, "avx512f"),
	FEATURE(AVX512DQ, "avx512dq"),
	FEATURE(RDSEED, "rdseed"),
	FEATURE(ADX, "adx"),
	FEATURE(AVX512IFMA, "avx512ifma"),
	FEATURE(CLFLUSHOPT, "clflushopt"),
	FEATURE(CLWB, "clwb"),
	FEATURE(AVX512PF, "avx512pf"),
	FEATURE(AVX512ER, "avx512er"),
	FEATURE(AVX512CD, "avx512cd"),
	FEATURE(SHA_NI, "sha_ni"),
	FEATURE(AVX512BW, "avx512bw"),
	FEATURE(AVX512VL, "avx512vl"),
	FEATURE(AVX512VBMI, "avx512vbmi"),
	FEATURE(OSPKE, "ospke"),
	FEATURE(WAITPKG, "waitpkg"),
	FEATURE(AVX512_VBMI2, "avx512_vbmi2"),
	FEATURE(GFNI, "gfni"),
	FEATURE(VAES, "vaes"),
	FEATURE(VPCLMULQDQ, "vpclmulqdq"),
	FEATURE(AVX512_VNNI, "avx512_vnni"),
	FEATURE(AVX512_BITALG, "avx512_bitalg"),
	FEATURE(AVX512_VPOPCNTDQ, "avx512_vpopcntdq"),
	FEATURE(RDPID, "rdpid"),
	FEATURE(CLDEMOTE, "cldemote"),
	FEATURE(MOVDIRI, "movdiri"),
	FEATURE(MOVDIR64B, "movdir64b"),
	FEATURE(AVX512_4VNNIW, "avx512_4vnniw"),
	FEATURE(AVX512_4FMAPS, "avx512_4fmaps"),
	FEATURE(AVX512_VP2INTERSECT, "avx512_vp2intersect"),
	FEATURE(SERIALIZE, "serialize"),
	FEATURE(AMX_BF16, "amx_bf16"),
	FEATURE(AVX512_FP16, "avx512_fp16"),
	FEATURE(AMX_TILE, "amx_tile"),
	FEATURE(AMX_INT8, "amx_int8"),
	FEATURE(AVX_VNNI, "avx_vnni"),
	FEATURE(AVX512_BF16, "avx512_bf16"),
};

static const char *const xfeature_names[] = {
	"state:x87", "state:sse", "state:avx", "state:bndregs", "state:bndcsr",
	"state:avx512-masks", "state:avx512-upper-halves", "state:avx512-high-registers",
	NULL, "state:protection-keys",
};

static u64 xfeatures(void)
{
	return boot_cpu_has(X86_FEATURE_OSXSAVE) ? xgetbv(0) : 0;
}

/**
 * vmad_cpu_describe - this processor, for an image
 * @cpu: to be filled
 *
 * Return: 0.
 */
int vmad_cpu_describe(struct vmad_cpu *cpu)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		cpu->cpuid[i] = boot_cpu_data.x86_capability[words[i]];
	cpu->xfeatures = xfeatures();
	for (i = 2; i < VMAD_XSTATES; i++) {
		u32 size, offset, ecx, edx;

		if (!(cpu->xfeatures & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &size, &offset, &ecx, &edx);
		cpu->xstate[i].offset = offset;
		cpu->xstate[i].size = size;
	}
	return 0;
}

/**
 * vmad_cpu_describe_more - this processor, as to VMAD_NOTE_CPU_MORE
 * @more: to be filled
 */
void vmad_cpu_describe_more(u32 more[VMAD_CPU_MORE])
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(more_words); i++)
		more[i] = boot_cpu_data.x86_capability[more_words[i]];
}

static bool image_has(const struct vmad_plan *plan, u16 bit)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i] == bit / 32)
			return plan->cpu->cpuid[i] & BIT(bit % 32);
	for (i = 0; i < min_t(u32, ARRAY_SIZE(more_words), plan->ncpu_more); i++)
		if (more_words[i] == bit / 32)
			return plan->cpu_more[i] & BIT(bit % 32);
	return false;
}

/* Words in a line of the log. */
struct words {
	char text[400];
	size_t len;
};

static void add_word(struct words *words, const char *word)
{
	words->len += scnprintf(words->text + words->len, sizeof(words->text) - words->len,
				" %s", word);
}

/**
 * vmad_cpu_check - has this processor what an image may use?
 * @plan: the image
 *
 * Names what is missing in the kernel log.
 *
 * Return: 0; -EOPNOTSUPP; -ENOMEM.
 */
int vmad_cpu_check(struct vmad_plan *plan)
{
	u64 missing = plan->cpu->xfeatures & ~xfeatures();
	struct words *words = kzalloc(sizeof(*words), GFP_KERNEL);
	unsigned int i;
	int err = 0;

	if (!words)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(features); i++)
		if (image_has(plan, features[i].bit) &&
		    !test_cpu_cap(&boot_cpu_data, features[i].bit))
			add_word(words, features[i].name);
	for (i = 0; i < 64; i++) {
		char name[16];

		if (!(missing & BIT_ULL(i)))
			continue;
		snprintf(name, sizeof(name), "state:%u", i);
		add_word(words, i < ARRAY_SIZE(xfeature_names) && xfeature_names[i] ?
					xfeature_names[i] : name);
	}
	if (words->len) {
		pr_notice_ratelimited("%s[%d]: image of %.16s needs processor features%s\n",
				      current->comm, task_pid_nr(current),
				      plan->task->comm, words->text);
		err = -EOPNOTSUPP;
	}
	kfree(words);
	return err;
}
