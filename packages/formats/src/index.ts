/**
 * Saving, loading and exchanging tensors and models.
 *
 * @module
 */
export {};
