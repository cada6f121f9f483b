/** Owns the number of database connections, the same for every contender; all of them together fit the private server's limit. */
export const POOL_SIZE = 8;
