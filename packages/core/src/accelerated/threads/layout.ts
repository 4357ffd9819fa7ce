/**
 * Where threads find one another in shared memory: the first pages of it. The numbers are places of words of 32 bits,
 * each of the changing ones on a cache line of its own.
 *
 * A job is a table of calls, cut into parts. Whoever is free takes the next part: who computes which one is left to
 * chance, what a part computes is not.
 */
export const layout = {
  /**
   * How many parts nobody has taken yet, and from bit 16 on the number of the team: workers of an earlier team can take
   * none, and end themselves. Idle workers wait for it to change.
   */
  remaining: 16,
  /** How many parts are not done yet. Who waits for the job waits for it to become 0. */
  pending: 32,
  /** How many workers sleep, and have to be woken. */
  sleeping: 64,
  /** How many workers have started. */
  ready: 80,
  /** What the calls returned, joined by OR. */
  returned: 96,
  /** How many calls threw, and the message of the last: its length, and characters from the next word on. */
  failed: 112,
  message: 113,
  /** How many bytes further each thread's room of its own lies than that of the thread before. */
  roomBytes: 250,
  /** For each part the first of its calls, and the end of the last part. */
  parts: 256,
  mostParts: 1023,
  /** Address and length in bytes of each module. */
  modules: 1280,
  mostModules: 1024,
  /** The table of calls, as doubles, 16 a call: function, flags, arguments. */
  calls: 2048,
  callNumbers: 16,
  mostCalls: 8500,
  /** What comes behind all this. */
  words: 278_528,
  /** Functions of a module that have numbers: module·128 + place among its exports. */
  functionsInModule: 128,
  mostMessage: 120,
} as const;

export type Layout = typeof layout;

/** Pages of memory that the tables take. */
export const layoutPages = 17;
