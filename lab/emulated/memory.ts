/** Memory of emulated hosts, in bytes, where nobody asks for another. */

/** Half of it is for files that are written. */
export const kernelMemoryBytes = 2 ** 30
/** Half of it is Dom0's. */
export const xenMemoryBytes = 2 ** 31
