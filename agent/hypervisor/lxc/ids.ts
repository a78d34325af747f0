/** Ids of a container's users as the host sees them: 0 inside is `firstMappedId` outside. user_namespaces(7) */
export const firstMappedId = 100_000
export const mappedIds = 65_536
