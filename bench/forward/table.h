/*
 * The lookup by hand, in the memory of the compiled router's route table (agent/click/routes/layout.ts): 16 bits of the address, then 8, then 8.
 * -DENTRIES_AT, -DLAST_PLACE, -DNEXT_HOPS_AT and -DNEXT_HOP_MASK say where what lies in it.
 */
extern __u8 table[];

ALWAYS __u32 lookup(__be32 destination) {
	__u32 address = __builtin_bswap32(destination);
	__u64 entry = *(__u32 *)(table + ENTRIES_AT + (address >> 16) * 4);
	if (entry <= LAST_PLACE) {
		entry = *(__u32 *)(table + ENTRIES_AT + entry + (address >> 6 & 0x3fc));
		if (entry <= LAST_PLACE)
			entry = *(__u32 *)(table + ENTRIES_AT + entry + (address & 0xff) * 4);
	}
	return *(__u32 *)(table + NEXT_HOPS_AT + (entry & NEXT_HOP_MASK) + 4);
}
