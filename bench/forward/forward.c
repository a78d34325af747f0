/*
 * The path of router.click by hand, for the hooks of traffic control and, with -DXDP, of XDP: the same checks, the same table, the same
 * bytes written. clang -O2 -target bpf, no libbpf: a map is an external symbol, for which elf.ts puts the address of its value (of `trie`
 * its descriptor).
 *
 *   -DOUTPUTS=N -DOUTPUT_n_INDEX=… -DOUTPUT_n_ETHER={…}   outputs, up to six: interface, and the words of the Ethernet header
 *   -DCOUNT   counts what comes and what goes, as FromDevice and ToDevice do
 *   -DTRIE    looks up in an LPM_TRIE in place of the flat table
 */
#include <linux/bpf.h>
#include <linux/ip.h>

#define ALWAYS static __attribute__((always_inline)) inline
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define swap16(x) ((__u16)__builtin_bswap16(x))

static long (*redirect)(__u32 index, __u64 flags) = (void *)BPF_FUNC_redirect;

#ifdef XDP
typedef struct xdp_md context;
enum { dropped = XDP_DROP };
static long (*adjust_tail)(context *, int) = (void *)BPF_FUNC_xdp_adjust_tail;
static long (*load_bytes)(context *, __u32 at, void *to, __u32 bytes) = (void *)BPF_FUNC_xdp_load_bytes;
#else
typedef struct __sk_buff context;
enum { dropped = 2 /* TC_ACT_SHOT */ };
static long (*pull_data)(context *, __u32) = (void *)BPF_FUNC_skb_pull_data;
static long (*load_bytes)(context *, __u32 at, void *to, __u32 bytes) = (void *)BPF_FUNC_skb_load_bytes;
static long (*change_tail)(context *, __u32, __u64) = (void *)BPF_FUNC_skb_change_tail;
#endif

extern __u64 counters[];
enum { received, sent };

ALWAYS void count(int what) {
#ifdef COUNT
	__sync_fetch_and_add(&counters[what], 1);
#else
	(void)what;
#endif
}

#ifdef TRIE
static void *(*lookup_element)(const void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
extern char trie[];

ALWAYS __u32 lookup(__be32 destination) {
	struct { __u32 length; __be32 address; } key = { 32, destination };
	__u32 *output = lookup_element(trie, &key);
	return output ? *output : ~0u;
}
#else
#include "table.h"
#endif

/* An Ethernet header in words that a processor writes at once: it begins two bytes before a multiple of four. */
struct ether {
	__u32 to;
	__u16 to_end, from;
	__u32 from_end;
	__u16 type;
};

enum { ether_bytes = 14, least_bytes = 34 };
#define ETHER(data) ((struct ether *)(data))
#define IP(data) ((struct iphdr *)((data) + ether_bytes))

ALWAYS __u32 length_of(context *packet) {
#ifdef XDP
	return packet->data_end - packet->data;
#else
	return packet->len;
#endif
}

/* The frame's first `bytes` in one piece that may be written, at `data`; or not. */
#define reach(packet, bytes, data)                                                                     \
	((data) = (void *)(long)(packet)->data,                                                        \
	 likely((data) + (bytes) <= (void *)(long)(packet)->data_end) ||                               \
		 (!pull(packet, bytes) && ((data) = (void *)(long)(packet)->data,                       \
					   (data) + (bytes) <= (void *)(long)(packet)->data_end)))

ALWAYS long pull(context *packet, __u32 bytes) {
#ifdef XDP
	return packet && bytes;
#else
	return packet->len < bytes || pull_data(packet, bytes);
#endif
}

/* What a checksum's sum is short of 65535: 0 where it is right. */
ALWAYS __u32 fold(__u64 sum) {
	sum = (sum & 0xffffffff) + (sum >> 32);
	__u32 low = (__u32)sum + (__u32)(sum >> 32);
	low = (low & 0xffff) + (low >> 16);
	return (__u16)~((low & 0xffff) + (low >> 16));
}

/* Adds what is behind a header of 20 bytes, options, which are rare. Not 0 where they are not there. */
ALWAYS long add_options(context *packet, __u32 header_bytes, __u64 *sum) {
	__u32 options[10] = {}, bytes = header_bytes - 20;
	/* Says it again for the verifier. */
	if (bytes < 1 || bytes > sizeof options)
		return -1;
	long failed = load_bytes(packet, least_bytes, options, bytes);
	for (int i = 0; i < 10; i++)
		*sum += options[i];
	return failed;
}

ALWAYS int send(struct ether *to, struct ether header, __u32 index) {
	to->to = header.to;
	to->to_end = header.to_end;
	to->from = header.from;
	to->from_end = header.from_end;
	to->type = header.type;
	count(sent);
	return redirect(index, 0);
}

#define OUTPUT(n) \
	case n:   \
		return send(ETHER(data), (struct ether)OUTPUT_##n##_ETHER, OUTPUT_##n##_INDEX);

__attribute__((section("program"))) int forward(context *packet) {
	void *data;
	count(received);
#ifndef XDP
	/* A frame with a VLAN tag, which the kernel has taken off: its type is not IP's. */
	if (unlikely(packet->vlan_present))
		return dropped;
#endif
	if (!reach(packet, least_bytes, data))
		return dropped;
	if (ETHER(data)->to & 1 || ETHER(data)->type != swap16(0x0800))
		return dropped;

	__u8 first = *(__u8 *)IP(data);
	__u32 header_bytes = (first & 15) * 4, length = length_of(packet) - ether_bytes;
	__u32 total = swap16(IP(data)->tot_len);
	if (first >> 4 != 4 || header_bytes < 20 || total > length || total < header_bytes)
		return dropped;
	const __u32 *words = (void *)IP(data);
	__u64 sum = (__u64)words[0] + words[1] + words[2] + words[3] + words[4];
	if (unlikely(header_bytes > 20) && add_options(packet, header_bytes, &sum))
		return dropped;
	if (fold(sum) != 0)
		return dropped;
	if (unlikely(length > total)) { /* padding behind the packet */
#ifdef XDP
		if (adjust_tail(packet, (int)total - (int)length))
#else
		if (change_tail(packet, ether_bytes + total, 0))
#endif
			return dropped;
		if (!reach(packet, least_bytes, data))
			return dropped;
	}

	__u32 output = lookup(IP(data)->daddr);
	if (IP(data)->ttl <= 1)
		return dropped;
	IP(data)->ttl--;
	/* RFC 1624, equation 3: the high byte of a word, in memory the low one, has lost one. */
	__u32 check = (__u16)~IP(data)->check + 0xfffe;
	IP(data)->check = ~(check + (check >> 16));

	switch (output) {
		OUTPUT(0)
#if OUTPUTS > 1
		OUTPUT(1)
#endif
#if OUTPUTS > 2
		OUTPUT(2)
#endif
#if OUTPUTS > 3
		OUTPUT(3)
#endif
#if OUTPUTS > 4
		OUTPUT(4)
#endif
#if OUTPUTS > 5
		OUTPUT(5)
#endif
	}
	return dropped;
}
