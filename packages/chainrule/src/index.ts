/**
 * One import for everything that a model needs.
 *
 * @module
 */
export {};
