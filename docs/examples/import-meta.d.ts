/** Whether this module is the program that was started: in Node from 24.2 on, and in scripts/run.mjs. */
interface ImportMeta {
  readonly main?: boolean;
}
