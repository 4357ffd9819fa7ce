/**
 * Data loading, the training loop, metrics and plots.
 *
 * @module
 */
export {};
