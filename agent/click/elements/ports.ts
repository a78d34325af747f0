/** 0, 1, … count - 1. */
export const portsOf = (count: number): readonly number[] => Array.from({ length: count }, (_, port) => port)
